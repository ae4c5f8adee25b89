// Ways in, in Debian's Chromium: passkeys on a virtual authenticator, and one Hearth that signs in through another.
// HEARTH_URL is a running Hearth with the accounts of ../python/accounts.json; the second one is started here.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { freePort, house } from "./house.mjs";

const url = process.env.HEARTH_URL;
const accounts = new URL("../python/accounts.json", import.meta.url).pathname;
const password = "correct horse battery staple";
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

async function signIn(page, base, next = "/") {
    await page.goto(`${base}/login?next=${next}`);
    await page.fill("#login", "alice");
    await page.fill("#password", password);
    await page.click("main form button");
}

test("a passkey is made, named, signs in without a password, and is removed", async () => {
    // Browsers give passkeys to names, not to numbers.
    const base = url.replace("127.0.0.1", "localhost");
    const context = await browser.newContext();
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options: {
        protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true,
        isUserVerified: true, automaticPresenceSimulation: true,
    } });
    await signIn(page, base, "/settings/passkeys");
    await page.fill("#name", "the laptop");
    await Promise.all([page.waitForURL(/done=passkey$/), page.click("text=Make a passkey")]);
    assert.match(await page.textContent("ul.lines"), /the laptop/);
    await page.fill("[aria-label='Name of the laptop']", "the old laptop");
    await page.click("button:has-text('Rename')");
    assert.match(await page.textContent("ul.lines"), /the old laptop/);

    await context.clearCookies();
    await page.goto(`${base}/login?next=/settings/passkeys`);
    await Promise.all([page.waitForURL(`${base}/settings/passkeys`), page.click("text=Sign in with a passkey")]);
    assert.match(await page.textContent("ul.lines"), /last used|just now/);

    // An authenticator that does not recognise its owner opens nothing.
    await context.clearCookies();
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
    await page.goto(`${base}/login`);
    await page.click("text=Sign in with a passkey");
    await page.waitForSelector("[data-passkey-use] [role=alert]:not([hidden])");
    assert.ok(page.url().startsWith(`${base}/login`));

    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
    await page.goto(`${base}/login?next=/settings/passkeys`);
    await Promise.all([page.waitForURL(`${base}/settings/passkeys`), page.click("text=Sign in with a passkey")]);
    await page.click("[aria-label='Delete the old laptop']");
    assert.match(await page.textContent("main"), /No passkeys yet/);
    await context.clearCookies();
    await page.goto(`${base}/login`);
    await page.click("text=Sign in with a passkey");
    await page.waitForSelector("[data-passkey-use] [role=alert]:not([hidden])");
    assert.match(await page.textContent("[data-passkey-use] [role=alert]"), /not accepted/);
    await context.close();
});

test("one Hearth signs people in through another", async () => {
    const there = await browser.newContext();
    const page = await there.newPage();
    await signIn(page, url, "/settings/applications/new");
    const port = await freePort();
    await page.fill("#name", "The other house");
    await page.fill("#redirect_uris", `http://localhost:${port}/login/sso/callback`);
    await page.check("input[value=email]");
    await page.click("button:has-text('Register')");
    // Shown once above the form, then the id, then the address of the provider.
    const [secret, clientId] = (await page.locator("pre.copy code").allTextContents()).map((text) => text.trim());
    await there.close();
    const other = await house({ data: join(folder, "other"), port, accounts, settings: {
        HEARTH_SSO__ISSUER: url, HEARTH_SSO__CLIENT_ID: clientId, HEARTH_SSO__CLIENT_SECRET: secret, HEARTH_SSO__LABEL: "the first house",
    } });
    try {
        const context = await browser.newContext();
        const tab = await context.newPage();
        await tab.goto(`${other.home}/login?next=/settings/password`);
        await tab.click("text=Sign in with the first house");
        await tab.waitForURL((address) => address.href.startsWith(`${url}/login`));
        await tab.fill("#login", "alice");
        await tab.fill("#password", password);
        await tab.click("main form button");
        await tab.waitForURL(/\/oauth\/authorize/);
        await tab.click("button:has-text('Allow')");
        // There is an alice here already, who need not be the same: the newcomer gets a name of their own.
        await tab.waitForURL(`${other.home}/settings/password`);
        assert.match(await tab.textContent("header .menu"), /alice-2/);
        await context.clearCookies();

        // The alice of this house links the identity after she took it from the newcomer's account.
        const mine = await context.newPage();
        await signIn(mine, other.home, "/settings/password");
        await mine.click("text=Link an identity of the first house");
        await mine.waitForURL((address) => address.href.startsWith(`${url}/login`));
        await mine.fill("#login", "alice");
        await mine.fill("#password", password);
        await mine.click("main form button");
        await mine.waitForURL((address) => address.pathname === "/login/sso/callback");
        assert.match(await mine.textContent("main"), /opens another account/);

        // What comes back without having left from here is not believed.
        const forged = await context.newPage();
        const answer = await forged.goto(`${other.home}/login/sso/callback?code=x&state=y`);
        assert.equal(answer.status(), 403);
        assert.match(await forged.textContent("main"), /begin again/);
        await context.close();
    } finally {
        await other.stop();
    }
});
