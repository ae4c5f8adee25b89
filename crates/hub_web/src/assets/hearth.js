// What makes the pages nicer where scripts run. Every page does its work without it.
"use strict";
document.documentElement.classList.add("js");

// A choice in the footer takes effect at once.
for (const field of document.querySelectorAll("[data-submit]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}

// In a narrow window a row of links is scrolled to the one that is open.
for (const link of document.querySelectorAll(".tabs [aria-current], .side-nav [aria-current]")) {
  const row = link.parentElement;
  row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
}

// A path is copied by a button that is there only for those who can use it.
for (const button of document.querySelectorAll("[data-clip]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const parts = Array.from(button.childNodes);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.clip);
    button.textContent = document.body.dataset.copied;
    setTimeout(() => button.replaceChildren(...parts), 1500);
  });
}

// Moments in the reader's own zone.
const language = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const date = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) continue;
  time.title = clock.format(moment);
  if (/^\d{4}-\d{2}-\d{2}$/.test(time.textContent)) time.textContent = date.format(moment);
}

// Lines to paste are copied by a button.
for (const block of document.querySelectorAll(".copy")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain small";
  const label = document.body.dataset.copy;
  button.textContent = label;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent.trim());
    button.textContent = document.body.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  block.append(button);
}

// A menu closes when its reader turns to something else.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    document.querySelector(".suggest")?.remove();
  } else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const field = document.querySelector("main [data-suggest], [data-suggest]");
    if (field) { event.preventDefault(); field.focus(); }
  } else if (event.key === "y" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const link = document.querySelector("[data-permalink]");
    if (link) location.assign(link.href + location.hash);
  }
});

// Repositories are suggested while their name is typed.
for (const field of document.querySelectorAll("[data-suggest]")) {
  let asked = 0, waiting = 0;
  const show = async () => {
    const query = field.value.trim(), turn = ++asked;
    if (query.length < 2) { field.form.querySelector(".suggest")?.remove(); return; }
    const answer = await fetch("/search/suggest?q=" + encodeURIComponent(query));
    if (!answer.ok || turn !== asked) return;
    const found = await answer.json();
    field.form.querySelector(".suggest")?.remove();
    if (found.length === 0) return;
    const list = document.createElement("ul");
    list.className = "suggest";
    for (const repo of found) {
      const link = document.createElement("a");
      link.href = repo.href;
      const kind = document.createElement("span");
      kind.className = "chip";
      kind.textContent = repo.kind;
      link.append(repo.name, kind);
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    field.form.append(list);
  };
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 150); });
  field.form.addEventListener("keydown", (event) => {
    const links = [field, ...field.form.querySelectorAll(".suggest a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const place = links.indexOf(document.activeElement);
    if (step && links.length > 1 && place >= 0) {
      event.preventDefault();
      links[(place + step + links.length) % links.length].focus();
    }
  });
  field.form.addEventListener("focusout", (event) => {
    if (!field.form.contains(event.relatedTarget)) setTimeout(() => field.form.querySelector(".suggest")?.remove(), 150);
  });
}

// Passkeys: the browser speaks with the authenticator, the server checks what it says.
{
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const send = async (address, body) => {
    const answer = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.problem || told.error);
    return told;
  };
  const ceremony = (form, run) => form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = form.querySelector("[role=alert]"), button = form.querySelector("button");
    problem.hidden = true;
    button.disabled = true;
    try {
      location.assign((await run(Object.fromEntries(new FormData(form)))).next);
    } catch (error) {
      problem.textContent = error.name === "NotAllowedError" ? form.dataset.failed : error.message || form.dataset.failed;
      problem.hidden = false;
      button.disabled = false;
    }
  });
  for (const form of document.querySelectorAll("[data-passkey-add]")) {
    ceremony(form, async (fields) => {
      const asked = await send("/settings/passkeys/begin", fields);
      const made = await navigator.credentials.create({ publicKey: {
        challenge: bytes(asked.challenge), rp: { id: asked.host, name: "Hearth" },
        user: { id: new TextEncoder().encode(asked.userId), name: asked.user, displayName: asked.user },
        pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
        excludeCredentials: asked.known.map((id) => ({ type: "public-key", id: bytes(id) })),
        authenticatorSelection: { residentKey: "required", userVerification: "required" }, attestation: "none",
      } });
      const told = made.response;
      return send("/settings/passkeys", { ...fields, clientDataJSON: text(told.clientDataJSON),
        authenticatorData: text(told.getAuthenticatorData()), publicKey: text(told.getPublicKey()) });
    });
  }
  for (const form of document.querySelectorAll("[data-passkey-use]")) {
    form.hidden = !window.PublicKeyCredential;
    ceremony(form, async (fields) => {
      const asked = await send("/login/passkey/begin", fields);
      const given = await navigator.credentials.get({ publicKey: {
        challenge: bytes(asked.challenge), rpId: asked.host, userVerification: "required",
        allowCredentials: asked.known.map((id) => ({ type: "public-key", id: bytes(id) })),
      } });
      const told = given.response;
      return send("/login/passkey", { ...fields, id: text(given.rawId), clientDataJSON: text(told.clientDataJSON),
        authenticatorData: text(told.authenticatorData), signature: text(told.signature) });
    });
  }
}
