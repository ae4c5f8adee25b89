// A house of one's own, from the link that it prints at its first start: made, settled and administered by keyboard alone,
// and every page of settings and administration held against axe. In Debian's Chromium.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { faultsOf } from "./axe.mjs";
import { freePort, house } from "./house.mjs";

const password = "correct horse battery staple";
let browser, folder, hearth;

before(async () => {
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    folder = await mkdtemp(join(tmpdir(), "hearth-house-"));
    hearth = await house({ data: join(folder, "data"), port: await freePort() });
});

after(async () => {
    await hearth.stop();
    await browser.close();
    await rm(folder, { recursive: true });
});

/** Goes on by the tabulator until the element is reached that a selector names, as somebody without a mouse does. */
async function tabTo(page, selector) {
    for (let steps = 0; steps < 80; steps++) {
        if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) {
            const seen = await page.evaluate(() => {
                const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
                return outlineStyle !== "none" && parseFloat(outlineWidth) > 0 || document.activeElement.matches("input, select, textarea");
            });
            assert.ok(seen, `nobody sees that ${selector} has the focus`);
            return;
        }
        await page.keyboard.press("Tab");
    }
    assert.fail(`${selector} cannot be reached by keyboard on ${page.url()}`);
}

/** Presses a key and waits for the page to which it leads. */
async function pressTo(page, key, address) {
    await Promise.all([page.waitForURL(address), page.keyboard.press(key)]);
}

async function signIn(options = {}) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await page.goto(`${hearth.home}/login?next=/new`);
    await page.fill("#login", "root-here");
    await page.fill("#password", password);
    await page.click("main form button");
    assert.equal(page.url(), `${hearth.home}/new`);
    return { context, page };
}

test("the first administrator settles in by keyboard alone", async () => {
    const link = new URL(await hearth.says(/http\S+setup\?code=\w+(?=\s)/));
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${hearth.home}${link.pathname}${link.search}`);
    await tabTo(page, "#name");
    await page.keyboard.type("root-here");
    await tabTo(page, "#email");
    await page.keyboard.type("root@example.org");
    await tabTo(page, "#password");
    await page.keyboard.type(password);
    await pressTo(page, "Enter", `${hearth.home}/setup`);

    // Out, and in again.
    await context.clearCookies();
    await page.goto(`${hearth.home}/login?next=/new`);
    await tabTo(page, "#login");
    await page.keyboard.type("root-here");
    await tabTo(page, "#password");
    await page.keyboard.type(password);
    await pressTo(page, "Enter", `${hearth.home}/new`);

    // A new repository: its kind by arrow, its name, and the button.
    await tabTo(page, "input[name=kind]");
    await page.keyboard.press("ArrowDown");
    assert.equal(await page.evaluate(() => document.activeElement.value), "dataset");
    await page.keyboard.press("ArrowUp");
    await tabTo(page, "#name");
    await page.keyboard.type("by-keyboard");
    await tabTo(page, "main form button");
    await pressTo(page, "Enter", `${hearth.home}/root-here/by-keyboard`);

    // The skip link leads over the head of the page.
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    assert.ok(page.url().includes("#"), page.url());

    // Settings: from the menu of the account to the name that is shown.
    await page.goto(`${hearth.home}/settings/profile`);
    await tabTo(page, "#full_name");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("Root of the House");
    await pressTo(page, "Enter", /done=saved/);
    assert.equal(await page.inputValue("#full_name"), "Root of the House");
    // A menu opens by Enter and its entries follow.
    await tabTo(page, "header summary");
    await page.keyboard.press("Enter");
    await tabTo(page, "header details[open] a, header details[open] button");
    await context.close();
});

test("pages of settings and administration have no fault that axe finds, in either theme, and fit a phone", async () => {
    const setUp = await signIn();
    const { page } = setUp;
    // Something to show on each page: a token, a key, an app, an organisation, an invitation, a report, a publisher.
    const fill = async (path, fields, button = "main form button") => {
        await page.goto(hearth.home + path);
        for (const [selector, value] of Object.entries(fields)) await page.fill(selector, value);
        await page.click(button);
        assert.equal(await page.locator("main .problem").count(), 0, `${path}: ${await page.textContent("main")}`);
    };
    await fill("/organizations/new", { "#name": "club" });
    await fill("/settings/tokens/new", { "#name": "for a script" });
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2R5hJvN0lHhTX1vI1YtM2Zf4dT0Q1R0mQv3rG2o8bK root@here";
    await page.goto(`${hearth.home}/settings/keys`);
    await page.fill("main form input:not([type=hidden])", "laptop").catch(() => {});
    await page.fill("main form textarea", key);
    await page.click("main form button");
    await fill("/settings/applications/new", { "#name": "Gallery", "#redirect_uris": "https://app.example.org/cb" }, "button:has-text('Register')");
    const clientId = (await page.locator("pre.copy code").allTextContents()).map((text) => text.trim()).find((text) => /^[0-9a-f-]{36}$/.test(text));
    await page.goto(`${hearth.home}/admin/invitations`);
    await page.click("main form button");
    const register = { method: "POST", headers: { "content-type": "application/json" },
        body: JSON.stringify({ client_name: "Notebook", redirect_uris: ["http://localhost/cb"], token_endpoint_auth_method: "none" }) };
    const notebook = await (await fetch(`${hearth.home}/oauth/register`, register)).json();
    const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const consent = `/oauth/authorize?client_id=${notebook.client_id}&response_type=code&scope=openid+profile&code_challenge=${challenge}&code_challenge_method=S256`;
    const device = await (await fetch(`${hearth.home}/oauth/device`, { ...register, body: JSON.stringify({ client_id: notebook.client_id }) })).json();
    await page.goto(hearth.home + "/settings/reports");
    await setUp.context.close();
    const paths = ["/settings/profile", "/settings/about/root-here", "/settings/about/club", "/settings/name/root-here", "/settings/name/club",
        "/settings/password", "/settings/two-factor", "/settings/passkeys", "/settings/sessions", "/settings/tokens", "/settings/tokens/new", "/settings/keys",
        "/settings/notifications", "/settings/blocked", "/settings/reports", "/settings/reports/new?user=root-here", "/settings/publishers",
        "/settings/applications", "/settings/applications/new", `/settings/applications/${clientId}`, "/settings/leave",
        "/organizations/new", "/organizations/club/settings", "/organizations/club/audit",
        "/admin", "/admin/invitations", "/admin/organizations", "/admin/storage", "/admin/jobs", "/admin/reports", "/admin/audit", "/admin/house",
        consent, `/oauth/device?user_code=${device.user_code}`, "/oauth/device", "/settings/email/confirm?code=x"];
    const faults = [];
    for (const colorScheme of ["light", "dark"]) {
        const { context, page } = await signIn({ colorScheme, viewport: { width: 390, height: 800 }, bypassCSP: true });
        faults.push(...await faultsOf(page, hearth.home, paths, colorScheme));
        await context.close();
    }
    assert.deepEqual(faults, []);
});

test("a document is shown in the page of its file", async () => {
    const { context, page } = await signIn();
    const writer = await context.newPage();
    await writer.setContent("<title>A paper</title><h1>A paper</h1><p>of one page</p>");
    const paper = await writer.pdf({ format: "A4" });
    assert.equal(paper.subarray(0, 5).toString(), "%PDF-");
    const file = join(folder, "paper.pdf");
    await writeFile(file, paper);
    await writer.close();
    const refused = [];
    page.on("console", (message) => { if (/refused|violates/i.test(message.text())) refused.push(message.text()); });
    await page.goto(`${hearth.home}/root-here/by-keyboard/upload/main`);
    await page.setInputFiles("#files", file);
    await Promise.all([page.waitForURL(/done=uploaded/), page.click("button:has-text('Commit')")]);
    const shown = page.waitForResponse((answer) => answer.url().includes("/pdf/main/paper.pdf"));
    await page.goto(`${hearth.home}/root-here/by-keyboard/blob/main/paper.pdf`);
    const answer = await shown;
    assert.deepEqual([answer.status(), answer.headers()["content-type"]], [200, "application/pdf"]);
    assert.equal(answer.headers()["x-content-type-options"], "nosniff");
    assert.match(answer.headers()["content-security-policy"], /frame-ancestors 'self'/);
    // The viewer of the browser is a frame of its own within that of the document, and opens the document in a third.
    const isOpen = () => page.frames().some((frame) => frame.url().startsWith("chrome-extension:") && frame.childFrames().length > 0);
    for (const end = Date.now() + 30_000; !isOpen();) {
        assert.ok(Date.now() < end, "no viewer opened the document");
        await page.waitForTimeout(50);
    }
    assert.deepEqual(refused, []);
    const size = await page.locator("iframe.document").boundingBox();
    assert.ok(size.width > 300 && size.height > 300, JSON.stringify(size));
    // What was sent is what comes back.
    const download = page.waitForEvent("download");
    await page.click("a[download]");
    assert.ok((await readFile(await (await download).path())).equals(paper));
    await context.close();
});
