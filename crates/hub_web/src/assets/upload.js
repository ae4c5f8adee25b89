// The upload form with scripts: files are dropped on it, large ones are sent in parts, and what was cut off goes on.
"use strict";
const LARGE = 10 * 1024 * 1024, TRIES = 6;

// SHA-256, chunk by chunk, for files that fit into no memory.
const K = new Uint32Array(64), START = new Uint32Array(8);
for (let number = 2, count = 0; count < 64; number++) {
  let prime = true;
  for (let factor = 2; factor * factor <= number; factor++) if (number % factor === 0) { prime = false; break; }
  if (!prime) continue;
  const part = (root) => ((root - Math.floor(root)) * 4294967296) >>> 0;
  if (count < 8) START[count] = part(Math.sqrt(number));
  K[count++] = part(Math.cbrt(number));
}
class Sha256 {
  constructor() { this.h = START.slice(); this.w = new Uint32Array(64); this.rest = new Uint8Array(64); this.have = 0; this.length = 0; }
  block(bytes, at) {
    const { h, w } = this;
    for (let i = 0; i < 16; i++, at += 4) w[i] = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + w[i - 7] + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
    }
    let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], z = h[7];
    for (let i = 0; i < 64; i++) {
      const s = z + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + K[i] + w[i] | 0;
      const t = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
      z = g; g = f; f = e; e = d + s | 0; d = c; c = b; b = a; a = s + t | 0;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += z;
  }
  update(bytes) {
    this.length += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      if (this.have === 0 && bytes.length - at >= 64) { this.block(bytes, at); at += 64; continue; }
      const take = Math.min(64 - this.have, bytes.length - at);
      this.rest.set(bytes.subarray(at, at + take), this.have);
      this.have += take; at += take;
      if (this.have === 64) { this.block(this.rest, 0); this.have = 0; }
    }
  }
  hex() {
    const bits = this.length * 8, end = new Uint8Array((this.have < 56 ? 64 : 128) - this.have);
    end[0] = 128;
    new DataView(end.buffer).setUint32(end.length - 8, Math.floor(bits / 4294967296));
    new DataView(end.buffer).setUint32(end.length - 4, bits >>> 0);
    this.update(end);
    return Array.from(this.h, (word) => word.toString(16).padStart(8, "0")).join("");
  }
}

async function hash(file, told) {
  const sha256 = new Sha256(), step = 4 * 1024 * 1024;
  for (let at = 0; at < file.size; at += step) {
    sha256.update(new Uint8Array(await file.slice(at, at + step).arrayBuffer()));
    told(Math.min(at + step, file.size));
  }
  return sha256.hex();
}

/** Sends a body, tries again when the network fails, and gives the answer. */
function send(method, address, body, headers, told) {
  const once = () => new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (state) => told(state.loaded));
    request.addEventListener("load", () => request.status >= 500 && request.status !== 507 ? fail(request) : done(request));
    request.addEventListener("error", () => fail(request));
    request.open(method, address);
    for (const name in headers) request.setRequestHeader(name, headers[name]);
    request.send(body);
  });
  return (async () => {
    for (let tries = 1; ; tries++) {
      try { return await once(); } catch (request) {
        if (tries === TRIES) throw request;
        told(0);
        await new Promise((done) => setTimeout(done, Math.min(1000 * 2 ** tries, 20000)));
      }
    }
  })();
}

/** What is remembered of an upload that was cut off: its parts and their tags. The addresses in it end after a day. */
const memory = {
  get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
  put(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* It goes on only while the page is open. */ } },
  drop(key) { try { localStorage.removeItem(key); } catch { /* Nothing was kept. */ } },
};

async function stage(form, file, told) {
  const sha256 = await hash(file, (bytes) => told("hash", bytes));
  const key = `upload ${form.dataset.upload} ${sha256}`;
  const fresh = async () => {
    const body = JSON.stringify({ form_token: form.elements.form_token.value, sha256, size: file.size });
    const answer = await send("POST", form.dataset.upload, body, { "Content-Type": "application/json", Accept: "application/json" }, () => {});
    if (answer.status >= 400) throw answer;
    return { ...JSON.parse(answer.responseText), tags: [], day: Date.now() };
  };
  let plan = memory.get(key);
  if (!plan || Date.now() - plan.day > 20 * 3600 * 1000) plan = await fresh();
  for (let turn = 0; turn < 2; turn++) {
    try {
      for (let part = 0; part < plan.parts.length; part++) {
        const from = part * plan.part_bytes;
        if (!plan.tags[part]) {
          const answer = await send("PUT", plan.parts[part], file.slice(from, from + plan.part_bytes), {}, (bytes) => told("send", from + bytes));
          if (answer.status >= 400) throw answer;
          plan.tags[part] = answer.getResponseHeader("ETag");
          memory.put(key, plan);
        }
        told("send", Math.min(from + plan.part_bytes, file.size));
      }
      if (plan.parts.length > 0) {
        const parts = plan.tags.map((etag, part) => ({ partNumber: part + 1, etag }));
        const answer = await send("POST", plan.complete, JSON.stringify({ parts }), { "Content-Type": "application/vnd.git-lfs+json" }, () => {});
        if (answer.status >= 400) throw answer;
      }
      break;
    } catch (answer) {
      // A plan of yesterday may be void; then everything begins anew, once.
      memory.drop(key);
      if (turn === 1 || answer.status < 400) throw answer;
      plan = await fresh();
    }
  }
  memory.drop(key);
  return { name: file.name, sha256, size: file.size };
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]"), zone = form.querySelector(".drop");
  const names = form.querySelector("[data-names]"), progress = form.querySelector("progress");
  const list = () => { names.textContent = Array.from(input.files, (file) => file.name).join(", "); };
  input.addEventListener("change", list);
  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add("over"); });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    input.files = event.dataTransfer.files;
    list();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button:not([type=button])"), status = form.querySelector("[data-status]");
    button.disabled = true;
    progress.hidden = false;
    progress.max = Math.max(1, Array.from(input.files).reduce((sum, file) => sum + file.size * (file.size > LARGE ? 2 : 1), 0));
    let before = 0;
    const show = (now) => { progress.value = before + now; };
    try {
      const data = new FormData();
      data.append("form_token", form.elements.form_token.value);
      data.append("title", form.elements.title.value);
      data.append("description", form.elements.description.value);
      const small = [];
      for (const file of input.files) {
        if (file.size <= LARGE) { small.push(file); continue; }
        status.textContent = file.name;
        data.append("staged", JSON.stringify(await stage(form, file, (what, bytes) => show(what === "hash" ? bytes : file.size + bytes))));
        before += file.size * 2;
      }
      for (const file of small) data.append("files", file, file.name);
      status.textContent = "";
      const answer = await send("POST", form.action, data, { Accept: "text/html" }, show);
      // The form answers with a redirect, which was followed: show where it led, or the page that says what is wrong.
      if (answer.status < 400) { location.assign(answer.responseURL); return; }
      document.open(); document.write(answer.responseText); document.close();
    } catch (answer) {
      button.disabled = false;
      progress.hidden = true;
      let why = "";
      try { why = JSON.parse(answer.responseText).error; } catch { /* There was no answer. */ }
      status.textContent = why || form.dataset.failed;
    }
  });
}
