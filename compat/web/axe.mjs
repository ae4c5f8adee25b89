// What axe finds wrong with a page, and whether the page fits its window.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Faults of each of the pages, in a context whose policy is bypassed; `label` stands before each. */
export async function faultsOf(page, url, paths, label) {
    const faults = [];
    for (const path of paths) {
        const answer = await page.goto(url + path);
        if (answer.status() >= 500) faults.push(`${label} ${path} answers ${answer.status()}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) faults.push(`${label} ${path} is ${wide} pixels wider than the window`);
        await page.evaluate(axe);
        const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        faults.push(...found.violations.map((v) =>
            `${label} ${path} ${v.id}: ${v.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`));
    }
    return faults;
}
