// The reference JavaScript client with Xet on, which is its default, against a running Hearth.
// It cuts, packs and hashes with code of its own, and sends shards with footers.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { commit, createRepo, downloadFile, fileDownloadInfo, pathsInfo, uploadFiles } from "@huggingface/hub";
import "./timers.mjs";

const hubUrl = process.env.HEARTH_URL;
const accessToken = "hf_AliceWriteAliceWriteAliceWriteAliceWr";
const mine = { hubUrl, accessToken };
const MEBIBYTE = 1 << 20;

async function newRepo(stem) {
    const repo = { type: "model", name: `alice/node-xet-${stem}-${randomBytes(4).toString("hex")}` };
    await createRepo({ ...mine, repo });
    return repo;
}

/** A fetch that notes what goes to the chunk store and what comes back. */
function watched() {
    const seen = [];
    const watching = async (address, options = {}) => {
        const answer = await fetch(address, options);
        const { origin, pathname: path } = new URL(address.url ?? address);
        const isElsewhere = origin !== new URL(hubUrl).origin;
        if (isElsewhere || path.startsWith("/xet/")) {
            const range = new Headers(options.headers).get("range");
            const type = answer.headers.get("content-type") ?? "";
            seen.push({ path, isElsewhere, sent: options.body?.byteLength ?? 0, status: answer.status, range, type });
        }
        return answer;
    };
    const sent = (part) => seen.filter((one) => one.path.includes(part)).reduce((sum, one) => sum + one.sent, 0);
    return { seen, fetch: watching, sent };
}

/** Of each four bytes two are noise, as in weights. */
function numbers(size) {
    const content = randomBytes(size);
    for (let at = 0; at < size; at++) if (at % 4 > 1) content[at] = 0x3d;
    return content;
}

async function upload(repo, files, options = {}) {
    const blobs = Object.entries(files).map(([path, content]) => ({ path, content: new Blob([content]) }));
    await uploadFiles({ ...mine, ...options, repo, files: blobs });
}

async function download(repo, path, options = {}) {
    const blob = await downloadFile({ ...mine, ...options, repo, path });
    return Buffer.from(await blob.arrayBuffer());
}

test("files go up and down through the chunk store", async () => {
    const repo = await newRepo("files");
    const files = {
        "noise.bin": randomBytes(5 * MEBIBYTE),
        "numbers.bin": numbers(3 * MEBIBYTE + 1),
        "text.bin": Buffer.concat([Buffer.from([0]), Buffer.from("a few words, again and again; ".repeat(70_000))]),
    };
    const up = watched();
    await upload(repo, files, { fetch: up.fetch });
    assert.ok(up.sent("/xorbs/") > 5 * MEBIBYTE && up.sent("/xorbs/") < 8.5 * MEBIBYTE, `${up.sent("/xorbs/")} bytes`);
    assert.ok(up.seen.some((one) => one.path.includes("/shards") && one.status === 200));

    for (const [path, content] of Object.entries(files)) {
        const [info] = await pathsInfo({ ...mine, repo, paths: [path] });
        assert.equal(info.lfs.oid, createHash("sha256").update(content).digest("hex"));
        assert.match(info.xetHash, /^[0-9a-f]{64}$/);
        const down = watched();
        assert.ok((await download(repo, path, { fetch: down.fetch })).equals(content), path);
        assert.ok(down.seen.some((one) => one.path.includes("/reconstructions/")), "the chunk store was asked");
        assert.ok((await download(repo, path, { xet: false })).equals(content), `${path} by plain HTTP`);
    }
});

test("parts of a file", async () => {
    const repo = await newRepo("parts");
    const content = numbers(4 * MEBIBYTE + 7);
    await upload(repo, { "file.bin": content });
    const blob = await downloadFile({ ...mine, repo, path: "file.bin" });
    assert.equal(blob.size, content.length);
    for (const [from, to] of [[0, 1], [0, 70_000], [1_000_000, 1_000_001], [65_535, 3_000_000], [4 * MEBIBYTE, content.length]]) {
        const part = Buffer.from(await blob.slice(from, to).arrayBuffer());
        assert.ok(part.equals(content.subarray(from, to)), `${from} to ${to}`);
    }
});

test("the same content moves once", async () => {
    const content = randomBytes(8 * MEBIBYTE);
    await upload(await newRepo("first"), { "file.bin": content });
    const [repo, again] = [await newRepo("second"), watched()];
    await upload(repo, { "renamed.bin": content }, { fetch: again.fetch });
    assert.ok(again.sent("/xorbs/") < content.length / 20, `${again.sent("/xorbs/")} bytes of xorbs`);
    assert.ok((await download(repo, "renamed.bin")).equals(content));
});

test("a file of scattered pieces of another", async () => {
    const repo = await newRepo("pieces");
    const content = randomBytes(6 * MEBIBYTE);
    await upload(repo, { "whole.bin": content });
    // The first chunk is one that the client asks for; with the answer it recognises the others.
    const pieces = [0, 1.5, 3, 5].map((at) => content.subarray(at * MEBIBYTE, (at + 0.8) * MEBIBYTE));
    const scattered = Buffer.concat(pieces);
    await upload(repo, { "scattered.bin": scattered });
    const down = watched();
    assert.ok((await download(repo, "scattered.bin", { fetch: down.fetch })).equals(scattered));
    // Each part has a link of its own: an S3-compatible store serves one range at a time.
    const parts = down.seen.filter((one) => one.range && !one.path.includes("/reconstructions/"));
    assert.ok(parts.length >= pieces.length, `${parts.length} parts`);
    assert.ok(parts.every((one) => one.status === 206 && !one.range.includes(",")));
});

test("what came by LFS is read by clients of Xet", async () => {
    const repo = await newRepo("lfs");
    const content = randomBytes(2 * MEBIBYTE);
    await upload(repo, { "file.bin": content }, { useXet: false });
    assert.ok((await download(repo, "file.bin")).equals(content));
    const info = await fileDownloadInfo({ ...mine, repo, path: "file.bin" });
    assert.equal(info.size, content.length);
});

test("a part of a file is changed and the rest is not sent", async () => {
    const repo = await newRepo("edit");
    const content = randomBytes(12 * MEBIBYTE);
    await upload(repo, { "whole.bin": content });
    // A file of several terms: the client changes whole terms, and takes the others over by what the server tells of them.
    const pieces = [0, 3, 6, 9].map((at) => content.subarray(at * MEBIBYTE, (at + 2) * MEBIBYTE));
    const scattered = Buffer.concat(pieces);
    await upload(repo, { "scattered.bin": scattered });
    const originalContent = await downloadFile({ ...mine, repo, path: "scattered.bin" });
    const [start, end, insert] = [4 * MEBIBYTE + 1000, 4 * MEBIBYTE + 5000, randomBytes(9000)];
    const seen = watched();
    await commit({
        ...mine,
        repo,
        title: "Change a part",
        fetch: seen.fetch,
        operations: [
            { operation: "edit", path: "scattered.bin", originalContent, edits: [{ content: new Blob([insert]), start, end }] },
        ],
    });
    const asked = seen.seen.filter((one) => one.path.includes("/file-chunk-hashes/"));
    assert.deepEqual(asked.map((one) => one.status), [200]);
    assert.ok(seen.sent("/xorbs/") < scattered.length / 2, `${seen.sent("/xorbs/")} bytes of xorbs`);
    const changed = Buffer.concat([scattered.subarray(0, start), insert, scattered.subarray(end)]);
    assert.ok((await download(repo, "scattered.bin")).equals(changed));
    assert.ok((await download(repo, "scattered.bin", { xet: false })).equals(changed));
});
