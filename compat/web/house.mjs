// Another Hearth beside the one of the tests, on a data folder of its own.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";

const binary = process.env.HEARTH_BINARY ?? new URL("../../target/debug/hearth", import.meta.url).pathname;

/** A port that is free now. */
export async function freePort() {
    const probe = createServer();
    await once(probe.listen(0, "127.0.0.1"), "listening");
    const { port } = probe.address();
    probe.close();
    await once(probe, "close");
    return port;
}

/** Starts a Hearth in the folder `data`, with the accounts of a file if one is named. */
export async function house({ data, port, accounts, settings = {} }) {
    // Cookies do not tell ports apart, so each house has a name of its own.
    const home = `http://localhost:${port}`;
    const environment = { ...process.env, ...settings };
    for (const name of Object.keys(environment)) {
        if (name.startsWith("HEARTH_STORAGE__") || name === "HEARTH_URL") delete environment[name];
    }
    if (accounts) {
        const imported = spawnSync(binary, ["admin", "import", "--data", data, accounts], { env: environment });
        assert.equal(imported.status, 0, String(imported.stderr));
    }
    const server = spawn(binary, ["serve", "--data", data, "--listen", `127.0.0.1:${port}`], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let log = "";
    /** What the server says that a pattern fits, now or later. */
    const says = (pattern) => new Promise((found, failed) => {
        const look = () => { const match = log.match(pattern); if (match) found(match[0]); };
        for (const stream of [server.stdout, server.stderr]) stream.on("data", look);
        server.once("exit", () => failed(new Error(log)));
        look();
    });
    for (const stream of [server.stdout, server.stderr]) stream.on("data", (text) => (log += text));
    await says(/listening/);
    return { home, says, stop: async () => { const ended = once(server, "exit"); server.kill("SIGTERM"); await ended; } };
}
