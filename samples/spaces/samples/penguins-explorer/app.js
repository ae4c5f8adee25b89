// Draws PENGUINS (data.js) as a scatter plot with filters. Plain DOM and SVG: the page has to work where no network is.
"use strict";

const MEASURES = {
  bill_length_mm: "Bill length (mm)",
  bill_depth_mm: "Bill depth (mm)",
  flipper_length_mm: "Flipper length (mm)",
  body_mass_g: "Body mass (g)",
};
const GROUPS = {
  species: ["Adelie", "Chinstrap", "Gentoo"],
  island: ["Biscoe", "Dream", "Torgersen"],
  sex: ["female", "male", "unknown"],
};
const FRAME = { left: 64, right: 740, top: 16, bottom: 420 };
const controls = document.getElementById("controls");
const fields = controls.elements;
const plot = document.getElementById("plot");

function element(name, attributes = {}, text = "") {
  const isSvg = ["g", "line", "circle", "text"].includes(name);
  const node = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}

function fillControls() {
  for (const [axis, initial] of [["x", "bill_length_mm"], ["y", "bill_depth_mm"]]) {
    for (const [name, label] of Object.entries(MEASURES)) fields[axis].append(new Option(label, name));
    fields[axis].value = initial;
  }
  for (const [group, values] of Object.entries(GROUPS)) {
    for (const value of values) {
      const label = element("label", group === "species" ? { "data-species": value } : {});
      label.append(element("input", { type: "checkbox", name: group, value, checked: "" }), value);
      document.getElementById(group).append(label);
    }
  }
}

function chosen(group) {
  return new Set([...controls.querySelectorAll(`input[name=${group}]:checked`)].map((input) => input.value));
}

function selection(x, y) {
  const species = chosen("species"), island = chosen("island"), sex = chosen("sex");
  return PENGUINS.filter((bird) =>
    bird[x] !== null && bird[y] !== null && species.has(bird.species) && island.has(bird.island) &&
    sex.has(bird.sex ?? "unknown"));
}

// Round steps of 1, 2 or 5 times a power of ten, about six of them. The range is that of all birds, so that filters
// do not move the axes under the reader's eye.
function scale(measure, from, to) {
  const values = PENGUINS.map((bird) => bird[measure]).filter((value) => value !== null);
  const low = Math.min(...values), high = Math.max(...values);
  const rough = (high - low) / 6, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const first = Math.floor(low / step) * step, last = Math.ceil(high / step) * step;
  const ticks = [];
  for (let value = first; value <= last + step / 2; value += step) ticks.push(Math.round(value * 100) / 100);
  return { ticks, first, last, place: (value) => from + (value - first) / (last - first) * (to - from) };
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function fit(birds, x, y) {
  if (birds.length < 3) return null;
  const meanX = mean(birds.map((bird) => bird[x])), meanY = mean(birds.map((bird) => bird[y]));
  let xx = 0, yy = 0, xy = 0;
  for (const bird of birds) {
    const dx = bird[x] - meanX, dy = bird[y] - meanY;
    xx += dx * dx; yy += dy * dy; xy += dx * dy;
  }
  if (xx === 0 || yy === 0) return null;
  const slope = xy / xx;
  return { correlation: xy / Math.sqrt(xx * yy), at: (value) => meanY + slope * (value - meanX) };
}

function drawAxes(layer, x, y, across, up) {
  for (const value of across.ticks) {
    const place = across.place(value);
    layer.append(element("line", { class: "grid", x1: place, x2: place, y1: FRAME.top, y2: FRAME.bottom }),
      element("text", { class: "tick", x: place, y: FRAME.bottom + 20, "text-anchor": "middle" }, String(value)));
  }
  for (const value of up.ticks) {
    const place = up.place(value);
    layer.append(element("line", { class: "grid", x1: FRAME.left, x2: FRAME.right, y1: place, y2: place }),
      element("text", { class: "tick", x: FRAME.left - 8, y: place + 4, "text-anchor": "end" }, String(value)));
  }
  const middle = (FRAME.top + FRAME.bottom) / 2;
  layer.append(
    element("text", { class: "title", x: (FRAME.left + FRAME.right) / 2, y: FRAME.bottom + 46, "text-anchor": "middle" }, MEASURES[x]),
    element("text", { class: "title", x: 14, y: middle, "text-anchor": "middle", transform: `rotate(-90 14 ${middle})` }, MEASURES[y]));
}

function drawTrend(layer, birds, x, y, across, up, species) {
  const line = fit(birds, x, y);
  if (!line) return;
  const values = birds.map((bird) => bird[x]), low = Math.min(...values), high = Math.max(...values);
  layer.append(element("line", {
    class: species ? "trend" : "trend all", ...(species ? { "data-species": species } : {}),
    x1: across.place(low), y1: up.place(line.at(low)), x2: across.place(high), y2: up.place(line.at(high)),
  }));
}

function describe(bird) {
  const parts = Object.entries(MEASURES).filter(([name]) => bird[name] !== null)
    .map(([name, label]) => `${label.toLowerCase().replace(/ \((.*)\)/, "")} ${bird[name]} ${label.match(/\((.*)\)/)[1]}`);
  return `${bird.species}, ${bird.island} ${bird.year}, ${bird.sex ?? "sex unknown"}: ${parts.join(", ")}`;
}

function drawCaption(birds, x, y) {
  const parts = GROUPS.species.map((species) => [species, fit(birds.filter((bird) => bird.species === species), x, y)])
    .filter(([, line]) => line).map(([species, line]) => `${species} ${line.correlation.toFixed(2)}`);
  const all = fit(birds, x, y);
  document.getElementById("caption").textContent = `${birds.length} of ${PENGUINS.length} penguins. ` +
    (all ? `Correlation ${all.correlation.toFixed(2)} over all, within species: ${parts.join(", ")}.` : "Too few to compare.");
}

function drawSummary(birds) {
  const table = document.getElementById("summary");
  const head = element("tr");
  head.append(element("th", { scope: "col" }, "Average"), element("th", { scope: "col" }, "Birds"));
  for (const label of Object.values(MEASURES)) head.append(element("th", { scope: "col" }, label));
  const body = element("tbody");
  for (const species of GROUPS.species) {
    const group = birds.filter((bird) => bird.species === species);
    if (group.length === 0) continue;
    const row = element("tr", { "data-species": species });
    row.append(element("th", { scope: "row" }, species), element("td", {}, String(group.length)));
    for (const name of Object.keys(MEASURES)) {
      row.append(element("td", {}, mean(group.map((bird) => bird[name]).filter((value) => value !== null)).toFixed(1)));
    }
    body.append(row);
  }
  const top = element("thead");
  top.append(head);
  table.replaceChildren(top, body);
}

function draw() {
  const x = fields.x.value, y = fields.y.value, birds = selection(x, y);
  const across = scale(x, FRAME.left, FRAME.right), up = scale(y, FRAME.bottom, FRAME.top);
  const layer = element("g");
  drawAxes(layer, x, y, across, up);
  for (const bird of birds) {
    const dot = element("circle", {
      class: "dot", "data-species": bird.species, r: 5.5, cx: across.place(bird[x]), cy: up.place(bird[y]),
    });
    dot.addEventListener("pointerenter", () => { document.getElementById("detail").textContent = describe(bird); });
    layer.append(dot);
  }
  if (fields.trend.checked) {
    drawTrend(layer, birds, x, y, across, up, null);
    for (const species of GROUPS.species) {
      drawTrend(layer, birds.filter((bird) => bird.species === species), x, y, across, up, species);
    }
  }
  plot.replaceChildren(layer);
  drawCaption(birds, x, y);
  drawSummary(birds);
}

fillControls();
controls.addEventListener("change", draw);
document.getElementById("swap").addEventListener("click", () => {
  [fields.x.value, fields.y.value] = [fields.y.value, fields.x.value];
  draw();
});
draw();
