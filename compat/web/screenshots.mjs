// Pictures of the main pages for docs/: three widths, both themes.
// node compat/web/screenshots.mjs FOLDER [NAME,NAME...]: the pages of samples are those of a server with the samples at
// HEARTH_URL, and left out without one; those of people are made in a house that is started here.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { password, town } from "./town.mjs";

const [folder, only] = process.argv.slice(2);
const samples = {
    home: "/",
    models: "/models",
    model: "/samples/all-MiniLM-L6-v2",
    gguf: "/samples/SmolLM2-135M-Instruct-GGUF",
    dataset: "/datasets/samples/penguins",
    space: "/spaces/samples/penguins-explorer",
    files: "/samples/all-MiniLM-L6-v2/tree/main",
    tensors: "/samples/all-MiniLM-L6-v2/blob/main/model.safetensors",
};

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

async function take(url, pages, person) {
    const wanted = Object.entries(pages).filter(([name]) => !only || only.split(",").includes(name));
    for (const colorScheme of ["light", "dark"]) {
        for (const [width, height] of [[390, 844], [820, 1100], [1440, 900]]) {
            const context = await browser.newContext({ colorScheme, viewport: { width, height }, locale: "en-GB" });
            const page = await context.newPage();
            if (person) {
                await page.goto(`${url}/login?next=/feed`);
                await page.fill("#login", person);
                await page.fill("#password", password);
                await page.click("main form button");
            }
            const session = await context.newCDPSession(page);
            for (const [name, path] of wanted) {
                await page.goto(url + path, { waitUntil: "load" });
                if (name === "space") await page.waitForTimeout(700);
                // Pictures far down are fetched when they come near; a picture of the page waits for those that are seen.
                await page.evaluate(() => Promise.all(Array.from(document.images, (image) => image.decode().catch(() => {}))));
                const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 62 });
                await writeFile(join(folder, `${name}-${width}-${colorScheme}.webp`), Buffer.from(data, "base64"));
            }
            await context.close();
        }
    }
}

if (process.env.HEARTH_URL) await take(process.env.HEARTH_URL, samples);
const data = await mkdtemp(join(tmpdir(), "hearth-town-"));
const { hearth, pages } = await town(data);
try {
    await take(hearth.home, pages, "ada");
} finally {
    await hearth.stop();
    await browser.close();
    await rm(data, { recursive: true });
}
