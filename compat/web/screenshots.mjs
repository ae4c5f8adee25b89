// Pictures of the main pages for docs/: three widths, both themes.
// HEARTH_URL=http://127.0.0.1:8080 node compat/web/screenshots.mjs FOLDER, against a server with the samples.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const url = process.env.HEARTH_URL, folder = process.argv[2];
const only = process.argv[3];
const pages = {
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
for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [[390, 844], [820, 1100], [1440, 900]]) {
        const context = await browser.newContext({ colorScheme, viewport: { width, height }, locale: "en-GB" });
        const page = await context.newPage();
        const session = await context.newCDPSession(page);
        for (const [name, path] of Object.entries(pages)) {
            if (only && !only.split(",").includes(name)) continue;
            await page.goto(url + path, { waitUntil: "load" });
            if (name === "space") await page.waitForTimeout(700);
            const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 62 });
            await writeFile(join(folder, `${name}-${width}-${colorScheme}.webp`), Buffer.from(data, "base64"));
        }
        await context.close();
    }
}
await browser.close();
