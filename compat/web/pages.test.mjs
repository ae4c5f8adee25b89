// The pages of a running Hearth, whose address is in HEARTH_URL, in Debian's Chromium.
// The accounts are those of ../python/accounts.json.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { faultsOf } from "./axe.mjs";
import { payloads } from "./payloads.mjs";

const url = process.env.HEARTH_URL;
const hf = new URL("../.venv/bin/hf", import.meta.url).pathname;
const token = "hf_AliceWriteAliceWriteAliceWriteAliceWr";
const bob = "hf_BobWriteBobWriteBobWriteBobWriteBobWr";
const name = `web-${Date.now().toString(36)}`;
let browser, folder;

before(async () => {
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    folder = await mkdtemp(join(tmpdir(), "hearth-web-"));
});

after(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
});

/** A browser in which alice has signed in by the form. */
async function alice(options = {}) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await page.goto(`${url}/login?next=/new`);
    await page.fill("#login", "alice");
    await page.fill("#password", "correct horse battery staple");
    await page.click("main form button");
    assert.equal(page.url(), `${url}/new`);
    return { context, page };
}

async function commit(repo, lines, kind = "models") {
    const header = { key: "header", value: { summary: "content", description: "" } };
    const file = ([path, content]) => ({ key: "file", value: { path, content, encoding: "utf-8" } });
    const body = [header, ...lines.map(file)].map((line) => JSON.stringify(line)).join("\n");
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" };
    const answer = await fetch(`${url}/api/${kind}/${repo}/commit/main`, { method: "POST", headers, body });
    assert.ok(answer.ok, await answer.text());
}

async function create(repo, more = {}) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const body = JSON.stringify({ name: repo, ...more });
    const answer = await fetch(`${url}/api/repos/create`, { method: "POST", headers, body });
    assert.ok(answer.ok, await answer.text());
}

/** Looks again and again until it is so, for half a minute. */
async function assertSoon(isSo) {
    const end = Date.now() + 30_000;
    while (!(await isSo())) assert.ok(Date.now() < end, "it did not come true");
}

test("a model is published, edited and deleted without JavaScript", async () => {
    const { context, page } = await alice({ javaScriptEnabled: false });
    await page.fill("#name", name);
    await page.selectOption("#license", "mit");
    await page.click("main form button");
    assert.equal(page.url(), `${url}/alice/${name}`);
    await page.click("text=Write a card");
    await page.fill("#content", "---\nlicense: mit\n---\n\n# A *fine* model\n\n| a | b |\n|---|---|\n| 1 | 2 |\n");
    await page.click("button:has-text('Commit')");
    await page.goto(`${url}/alice/${name}`);
    assert.equal(await page.textContent("article h2 em"), "fine");
    const [small, large] = [join(folder, "t.csv"), join(folder, "w.safetensors")];
    await writeFile(small, "name,score\nada,1\n");
    await writeFile(large, Buffer.alloc(12 << 20, 1));
    await page.goto(`${url}/alice/${name}/upload/main/data`);
    await page.setInputFiles("#files", [small, large]);
    await page.click("button:has-text('Commit')");
    assert.match(await page.textContent("main .notice"), /committed/);
    const download = page.waitForEvent("download");
    await page.click("a[download][aria-label='Download w.safetensors']");
    assert.equal((await readFile(await (await download).path())).length, 12 << 20);
    await page.click("text=t.csv");
    assert.equal(await page.textContent("table.cells td"), "ada");
    await page.goto(`${url}/alice/${name}/settings`);
    await page.fill("#confirm", `alice/${name}`);
    await page.click("button.danger");
    assert.equal((await page.goto(`${url}/alice/${name}`)).status(), 404);
    await context.close();
});

test("hf auth login goes through the browser", async () => {
    const { context, page } = await alice({ javaScriptEnabled: false });
    const home = join(folder, "hf");
    const environment = { ...process.env, HF_ENDPOINT: url, HF_HOME: home };
    const login = spawn(hf, ["auth", "login"], { env: environment });
    const ended = once(login, "exit");
    let printed = "";
    const link = new Promise((found) => {
        login.stdout.on("data", (text) => {
            printed += text;
            const match = printed.match(/http\S+user_code=[A-Z-]+/);
            if (match) found(match[0]);
        });
    });
    await page.goto(await link);
    await page.click("button:has-text('Allow')");
    assert.deepEqual(await ended, [0, null], printed);
    const whoami = spawn(hf, ["auth", "whoami"], { env: environment });
    let said = "";
    whoami.stdout.on("data", (text) => (said += text));
    await once(whoami, "exit");
    assert.match(said, /alice/);
    await context.close();
});

test("an app signs alice in by the JavaScript client, in the browser", async () => {
    const { oauthHandleRedirect, oauthLoginUrl } = createRequire(new URL("../node/", import.meta.url))("@huggingface/hub");
    let arrived;
    const back = new Promise((found) => (arrived = found));
    const app = createServer((request, response) => {
        if (request.url.startsWith("/cb?")) arrived(request.url);
        response.end("<!doctype html><title>app</title>here");
    });
    await once(app.listen(0, "127.0.0.1"), "listening");
    const home = `http://127.0.0.1:${app.address().port}`;
    const { context, page } = await alice();
    await page.goto(`${url}/settings/applications`);
    await page.click("a:has-text('Register an app')");
    await page.fill("#name", "Gallery of alice");
    await page.fill("#redirect_uris", "javascript:alert(1)");
    await page.check("input[value=public]");
    await page.check("input[value=read-repos]");
    await page.click("button:has-text('Register')");
    assert.match(await page.textContent("[role=alert]"), /not acceptable/);
    assert.equal(await page.inputValue("#name"), "Gallery of alice");
    await page.fill("#redirect_uris", "http://127.0.0.1/cb");
    await page.click("button:has-text('Register')");
    const clientId = (await page.textContent("pre.copy code")).trim();
    const visitor = await browser.newContext();
    const tab = await visitor.newPage();
    const kept = {};
    const address = await oauthLoginUrl({ clientId, hubUrl: url, scopes: "openid profile read-repos", redirectUrl: `${home}/cb`, localStorage: kept });
    // A stranger signs in first and is led on, through the question, back to the app.
    await tab.goto(address);
    await tab.fill("#login", "alice");
    await tab.fill("#password", "correct horse battery staple");
    await tab.click("main form button");
    await tab.waitForURL(/\/oauth\/authorize/);
    assert.match(await tab.textContent("h1"), /Gallery of alice/);
    await tab.check("text=acme");
    await tab.click("button:has-text('Allow')");
    const result = await oauthHandleRedirect({ hubUrl: url, redirectedUrl: home + (await back), ...kept });
    assert.equal(result.userInfo.preferred_username, "alice");
    assert.equal(result.scope, "openid profile read-repos");
    const me = await fetch(`${url}/api/whoami-v2`, { headers: { authorization: `Bearer ${result.accessToken}` } });
    assert.equal((await me.json()).auth.type, "oauth");
    // Signed in and allowed before: the app has its answer without a page between.
    await tab.waitForURL(`${home}/**`);
    await tab.goto(address);
    assert.ok(tab.url().startsWith(`${home}/cb?code=`), tab.url());
    await page.goto(`${url}/settings/applications`);
    await page.click("[aria-label='Take back what Gallery of alice may do']");
    assert.equal((await fetch(`${url}/api/whoami-v2`, { headers: { authorization: `Bearer ${result.accessToken}` } })).status, 401);
    await context.close();
    await visitor.close();
    app.close();
});

test("nothing that users write runs in a page", async () => {
    const repo = `${name}-xss`;
    await create(repo);
    const card = payloads.map((payload, place) => `## ${place}\n\n${payload}\n`).join("\n");
    const cells = payloads.flatMap((payload) => [
        { cell_type: "markdown", source: payload },
        { cell_type: "code", source: payload, outputs: [{ data: { "text/html": payload } }, { text: payload }] },
    ]);
    const safe = (text) => text.replace(/[/\\\u0000-\u001f]/g, "_").slice(0, 80);
    const names = [...new Set(payloads.map(safe))].filter((text) => !/^\.*$|^\.git$/i.test(text));
    await commit(`alice/${repo}`, [
        ["README.md", `---\ntags:\n${payloads.slice(0, 60).map((p) => `- ${JSON.stringify(p)}`).join("\n")}\n---\n${card}`],
        ["book.ipynb", JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 })],
        ["table.csv", payloads.map((payload) => `"${payload.replaceAll('"', '""')}"`).join("\n")],
        ["page.html", payloads.join("\n")],
        ["picture.svg", `<svg xmlns="http://www.w3.org/2000/svg"><script>top.hacked = 1; alert(1)</script></svg>`],
        ...names.filter((text, place) => names.findIndex((n) => n.toLowerCase() === text.toLowerCase()) === place)
            .map((text) => [`names/${text}`, "x"]),
    ]);
    const { context, page } = await alice();
    const ran = [];
    page.on("dialog", (dialog) => { ran.push(`${page.url()}: ${dialog.message()}`); dialog.dismiss(); });
    const strange = [];
    page.on("request", (request) => { if (!request.url().startsWith(url) && !request.url().startsWith("data:")) strange.push(request.url()); });
    const base = `/alice/${repo}`;
    const blobs = ["README.md", "book.ipynb", "table.csv", "page.html", "picture.svg"].map((file) => `${base}/blob/main/${file}`);
    for (const path of [base, `${base}/tree/main/names`, `${base}/commits/main`, `${base}/blob/main/README.md?source=true`, "/models", "/", "/alice", ...blobs,
        `/search?q=${encodeURIComponent(payloads[0])}`, `/search/full-text?q=${encodeURIComponent(payloads[0])}`, "/search/full-text?q=alert", `/papers?q=${encodeURIComponent(payloads[0])}`, `/models?tag=${encodeURIComponent(payloads[0])}`, `/login?next=javascript:alert(1)`]) {
        await page.goto(url + path);
        assert.equal(await page.evaluate(() => globalThis.hacked), undefined, path);
        const handlers = await page.evaluate(() => [...document.querySelectorAll("*")]
            .flatMap((element) => [...element.attributes])
            .filter((attribute) => /^on/i.test(attribute.name) || /^\s*javascript:/i.test(attribute.value) && attribute.name === "href")
            .map((attribute) => `${attribute.name}=${attribute.value}`));
        assert.deepEqual(handlers, [], path);
    }
    for (const file of ["page.html", "picture.svg"]) {
        await page.goto(`${url}${base}/resolve/main/${file}`).catch(() => {});
    }
    assert.deepEqual(ran, []);
    assert.deepEqual(strange, []);
    await context.close();
});

test("the app of a Space runs, and knows nothing of who looks at it", async () => {
    const repo = `${name}-app`;
    await create(repo, { type: "space", sdk: "static", private: true });
    const script = `
        const said = { cookie: document.cookie, origin: location.origin };
        // A browser may keep storage from frames of other sites, which is its right.
        try { localStorage.setItem("kept", "yes"); said.kept = localStorage.getItem("kept"); } catch { said.kept = "refused"; }
        try { said.parent = parent.document.title; } catch (error) { said.parent = error.name; }
        const ask = async (path, options) => {
            try { const answer = await fetch(${JSON.stringify(url)} + path, options); return answer.status; }
            catch (error) { return error.name; }
        };
        said.me = await ask("/api/whoami-v2", { credentials: "include" });
        said.settings = await ask("/settings/profile", { credentials: "include" });
        said.posted = await ask("/logout", { method: "POST", credentials: "include", mode: "no-cors" });
        said.here = (await fetch("/api/whoami-v2")).status;
        document.body.dataset.said = JSON.stringify(said);`;
    await commit(`alice/${repo}`, [
        ["README.md", "---\ntitle: App\nsdk: static\n---\n# App\n"],
        ["index.html", "<!doctype html><title>App</title><h1>It runs</h1><script type=module src=/js/app.js></script>"],
        ["js/app.js", script],
    ], "spaces");
    const { context, page } = await alice();
    await page.goto(`${url}/spaces/alice/${repo}`);
    const frame = page.frameLocator(".app iframe");
    assert.equal(await frame.locator("h1").textContent(), "It runs");
    await frame.locator("body[data-said]").waitFor();
    const said = JSON.parse(await frame.locator("body").getAttribute("data-said"));
    assert.notEqual(said.origin, new URL(url).origin);
    assert.deepEqual([said.cookie, said.parent, said.here], ["", "SecurityError", 404]);
    for (const answer of [said.me, said.settings]) assert.ok(answer === 401 || answer === "TypeError", JSON.stringify(said));
    await page.click(".app a");
    await page.locator("body[data-said]").waitFor();
    assert.equal(JSON.parse(await page.locator("body").getAttribute("data-said")).kept, "yes", "alone it keeps what it likes");
    await page.goto(`${url}/new`);
    assert.equal(page.url(), `${url}/new`, "still signed in");
    await context.close();
});

test("an upload that was cut off goes on with what is missing", async () => {
    const repo = `${name}-parts`;
    await create(repo);
    const { context, page } = await alice();
    const large = join(folder, "large.bin");
    const content = Buffer.alloc(20 << 20, 7);
    content[content.length - 1] = 1;
    await writeFile(large, content);
    const small = join(folder, "small.txt");
    await writeFile(small, "small");
    const isPart = (address) => address.pathname === "/api/lfs/part";
    // The second part never ends, until its reader leaves.
    let parts = 0, reached;
    const second = new Promise((found) => { reached = found; });
    await page.route(isPart, (route) => { if (++parts === 1) return route.continue(); reached(); });
    await page.goto(`${url}/alice/${repo}/upload/main`);
    await page.setInputFiles("#files", large);
    await page.click("button:has-text('Commit')");
    await second;
    await page.close();
    const again = await context.newPage();
    let sent = 0;
    again.on("request", (request) => { if (isPart(new URL(request.url()))) sent++; });
    await again.goto(`${url}/alice/${repo}/upload/main`);
    await again.setInputFiles("#files", [large, small]);
    await again.click("button:has-text('Commit')");
    await again.waitForURL(`${url}/alice/${repo}/tree/main?done=uploaded`);
    assert.equal(sent, 2);
    const answer = await fetch(`${url}/alice/${repo}/resolve/main/large.bin`);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(content));
    await context.close();
});

test("lists are narrowed by keyboard and link alone, and nothing moves while pages load", async () => {
    const repo = `${name}-list`;
    await create(repo);
    await commit(`alice/${repo}`, [["README.md", `---\nlicense: mit\npipeline_tag: text-generation\ntags: [${name}]\n---\n# M\n\n$x^2$ and text\n`]]);
    const { context, page } = await alice({ viewport: { width: 1280, height: 800 } });
    await page.addInitScript(() => {
        globalThis.moved = 0;
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) globalThis.moved += entry.value; })
            .observe({ type: "layout-shift", buffered: true });
    });
    for (const path of ["/", "/models", `/alice/${repo}`, `/alice/${repo}/tree/main`, "/search?q=alice"]) {
        await page.goto(url + path, { waitUntil: "load" });
        const moved = await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(globalThis.moved)))));
        assert.ok(moved < 0.02, `${path} moves by ${moved}`);
    }
    await page.goto(`${url}/models?tag=${name}`);
    assert.match(await page.textContent("h1"), /1/);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.name), "q");
    await page.goto(`${url}/models?tag=${name}`);
    await page.click(".facet:has-text('mit')");
    assert.match(page.url(), /license%3Amit/);
    await page.click(`.name:has-text('${repo}')`);
    assert.equal(await page.locator("math").count(), 1);
    await context.close();
});

/** Calls the API as alice, or as bob. */
async function call(method, path, body, bearer = token) {
    const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
    const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${await answer.clone().text()}`);
    return answer.json();
}

/** Opens a discussion and a pull request with a conflict in a repository of alice's, gates it and collects it. */
async function furnish(repo) {
    const api = `/api/models/alice/${repo}`;
    const talk = await call("POST", `${api}/discussions`, { title: "A question", description: "# How?\n\n- *so*\n- or `so`" }, bob);
    const { newMessage } = await call("POST", `${api}/discussions/1/comment`, { comment: "Like this" });
    await call("POST", `${api}/discussions/1/comment/${newMessage.id}/reaction`, { reaction: "heart" });
    await call("POST", `${api}/discussions/1/pin`, { pinned: true });
    const lines = (content) => [{ key: "header", value: { summary: "Change a line" } },
        { key: "file", value: { path: "a.py", content, encoding: "utf-8" } }].map((line) => JSON.stringify(line)).join("\n");
    const headers = { authorization: `Bearer ${bob}`, "content-type": "application/x-ndjson" };
    const done = await fetch(`${url}${api}/commit/main?create_pr=1`, { method: "POST", headers, body: lines("def g():\n    return 'y'\n") });
    const { pullRequestUrl } = await done.json();
    await commit(`alice/${repo}`, [["a.py", "def h():\n    return 'z'\n"]]);
    await call("PUT", `${api}/settings`, { gated: "manual" });
    await call("POST", `${api}/ask-access`, { Company: "Bob Inc" }, bob);
    const { slug } = await call("POST", "/api/collections", { title: `Of ${repo}`, namespace: "alice", item: { type: "model", id: `alice/${repo}` } });
    const path = (address) => new URL(address).pathname;
    await call("POST", "/api/users/bob/follow", {});
    await call("POST", "/api/posts", { content: "From **bob**" }, bob);
    const post = await call("POST", "/api/posts", { content: `Look at alice/${repo}, @bob: **new**\n\n- *so*` });
    const said = await call("POST", `/api${path(post.url)}/comment`, { comment: "Nice `work`" }, bob);
    await call("POST", `/api${path(post.url)}/comment/${said.newMessage.id}/reply`, { comment: "Thanks" });
    const text = "## One\n\nText\n\n## Two\n\n```python\nx = 1\n```\n\n## Three\n\n| a |\n|---|\n| b |\n";
    const article = await call("POST", "/api/blog", { title: `About ${repo}`, content: text });
    return { talk: path(talk.url), pull: path(pullRequestUrl), collection: `/collections/${slug}`, post: path(post.url), article: path(article.url) };
}

test("two people review a pull request with a conflict and merge it, without JavaScript", async () => {
    const repo = `${name}-review`;
    await create(repo);
    await commit(`alice/${repo}`, [["a.txt", "one\ntwo\nthree\n"]]);
    const { context, page } = await alice({ javaScriptEnabled: false });
    // Bob has no password: he proposes by API what alice sees in her browser.
    const api = `/api/models/alice/${repo}`;
    const bring = async (revision, content, query = "") => {
        const body = [{ key: "header", value: { summary: "Shout" } }, { key: "file", value: { path: "a.txt", content, encoding: "utf-8" } }]
            .map((line) => JSON.stringify(line)).join("\n");
        const headers = { authorization: `Bearer ${bob}`, "content-type": "application/x-ndjson" };
        const answer = await fetch(`${url}${api}/commit/${encodeURIComponent(revision)}${query}`, { method: "POST", headers, body });
        assert.ok(answer.ok, await answer.text());
    };
    await bring("main", "ONE\ntwo\nthree\n", "?create_pr=1");
    await commit(`alice/${repo}`, [["a.txt", "1\ntwo\nthree\n"]]);
    await page.goto(`${url}/alice/${repo}/discussions`);
    await page.click("text=Shout");
    assert.match(await page.textContent("main .problem"), /a\.txt/);
    assert.equal(await page.locator("button[value=merge]").count(), 0);
    await page.fill("#text", "Please take **mine** and add yours.");
    await page.click("button[value=comment]");
    assert.equal(await page.textContent("article:last-of-type .prose strong"), "mine");
    await bring("refs/pr/1", "1\ntwo\nTHREE\n");
    await page.reload();
    assert.match(await page.textContent("table.code"), /\+THREE/);
    await page.click("button[value=merge]");
    assert.match(await page.textContent("main"), /Merged/);
    const file = await fetch(`${url}/alice/${repo}/raw/main/a.txt`);
    assert.equal(await file.text(), "1\ntwo\nTHREE\n");
    await page.click("button[value=delete-ref]");
    assert.match(await page.textContent("main"), /its branch was deleted/);
    await context.close();
});

test("somebody who is mentioned is told, looks, and mutes, without JavaScript", async () => {
    const repo = `${name}-told`;
    await create(repo);
    const discussions = `/api/models/alice/${repo}/discussions`;
    await call("POST", discussions, { title: "For alice alone", description: "Could you, @alice?" }, bob);
    const { context, page } = await alice({ javaScriptEnabled: false });
    // The server tells people every few seconds.
    await assertSoon(async () => {
        await page.goto(`${url}/notifications?show=mentions`);
        return (await page.textContent("main")).includes("For alice alone");
    });
    assert.match(await page.getAttribute("a.bell", "aria-label"), /unread notification/);
    await page.click("main a:has-text('For alice alone')");
    assert.match(await page.textContent("article .prose"), /Could you/);
    assert.equal(await page.getAttribute("article .prose a:has-text('@alice')", "href"), "/alice");
    await page.goto(`${url}/notifications?show=unread`);
    assert.ok(!(await page.textContent("main")).includes("For alice alone"), "whoever looked has read it");
    await page.goto(`${url}/alice/${repo}/discussions/1`);
    await page.click("button:has-text('Tell me no more of this')");
    await page.click("text=Tell me of this again >> visible=true");
    await page.goto(`${url}/alice/${repo}`);
    await page.click("button:has-text('Watch')");
    await page.click("button:has-text('Watch no more')");
    await page.goto(`${url}/settings/notifications`);
    await page.uncheck("input[value=discussions_watched]");
    await page.click("main button:has-text('Save')");
    assert.ok(!(await page.isChecked("input[value=discussions_watched]")));
    await context.close();
});

test("pages have no fault that axe finds, in either theme, and fit a phone", async () => {
    const repo = `${name}-axe`;
    await create(repo);
    await commit(`alice/${repo}`, [["README.md", "# Title\n\n## One\n\n## Two\n\n```python\nx = 1 # y\n```\n\n| a |\n|---|\n| b |\n"], ["a.py", "def f():\n    return 'x'\n"]]);
    const base = `/alice/${repo}`;
    const { talk, pull, collection, post, article } = await furnish(repo);
    const paths = ["/", "/models", `${base}/discussions`, `${base}/discussions/new`, talk, pull, `${base}/access`, "/collections", collection, "/datasets", "/search?q=alice", "/search/full-text?q=alice", "/tasks", "/tasks/text-generation", "/papers", "/papers/1706.03762", "/feed", "/posts", "/blog", "/blog/new", post, article, "/organizations", "/users", "/alice", "/acme", "/new",
        "/notifications", "/organizations/new", "/organizations/acme/settings", base,
        `${base}/tree/main`, `${base}/blob/main/a.py`, `${base}/commits/main`, `${base}/commit/main`, `${base}/edit/main/a.py`, `${base}/upload/main`, `${base}/settings`,
        `${base}/delete/main/a.py`, `${base}/blame/main/a.py`, `${base}/rename/main/a.py`, "/spaces", "/oauth/device", "/nobody-has-this-name"];
    const faults = [];
    for (const colorScheme of ["light", "dark"]) {
        const { context, page } = await alice({ colorScheme, viewport: { width: 390, height: 800 }, bypassCSP: true });
        faults.push(...await faultsOf(page, url, paths, colorScheme));
        await context.close();
    }
    assert.deepEqual(faults, []);
});
