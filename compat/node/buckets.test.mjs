// Buckets with the reference JavaScript client against a running Hearth.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import {
    copyFile, copyFolder, createRepo, deleteFile, deleteRepo, downloadFile, fileDownloadInfo, fileExists, listFiles,
    pathsInfo, uploadFiles,
} from "@huggingface/hub";
import "./timers.mjs";

const hubUrl = process.env.HEARTH_URL;
const accessToken = "hf_AliceWriteAliceWriteAliceWriteAliceWr";
const mine = { hubUrl, accessToken };

async function newBucket(stem) {
    const name = `alice/node-${stem}-${randomBytes(4).toString("hex")}`;
    const { repoUrl } = await createRepo({ ...mine, repo: `buckets/${name}` });
    assert.equal(repoUrl, `${hubUrl}/buckets/${name}`);
    return { type: "bucket", name };
}

async function paths(repo, options = {}) {
    const found = [];
    for await (const entry of listFiles({ ...mine, repo, ...options })) found.push(`${entry.type} ${entry.path}`);
    return found;
}

async function read(repo, path) {
    return Buffer.from(await (await downloadFile({ ...mine, repo, path })).arrayBuffer());
}

test("files come, are listed, copied and deleted", async () => {
    const repo = await newBucket("bucket");
    const files = { "a/big.bin": randomBytes(1 << 20), "a/b/small.txt": Buffer.from("small"), "c.txt": Buffer.from("c") };
    const blobs = Object.entries(files).map(([path, content]) => ({ path, content: new Blob([content]) }));
    await uploadFiles({ ...mine, repo, files: blobs });
    assert.deepEqual(await paths(repo), ["directory a", "file c.txt"]);
    assert.deepEqual(await paths(repo, { path: "a" }), ["directory a/b", "file a/big.bin"]);
    assert.deepEqual(await paths(repo, { recursive: true }), ["file a/b/small.txt", "file a/big.bin", "file c.txt"]);
    for (const [path, content] of Object.entries(files)) assert.ok(content.equals(await read(repo, path)), path);
    const [info] = await pathsInfo({ ...mine, repo, paths: ["a/big.bin", "nothing"] });
    assert.equal(info.size, 1 << 20);
    assert.match(info.xetHash, /^[0-9a-f]{64}$/);
    assert.ok(info.uploadedAt);
    const download = await fileDownloadInfo({ ...mine, repo, path: "a/big.bin" });
    assert.equal(download.size, 1 << 20);
    assert.equal(download.xet.hash, info.xetHash);
    assert.equal(await fileDownloadInfo({ ...mine, repo, path: "nothing" }), null);
    assert.ok(await fileExists({ ...mine, repo, path: "c.txt" }));
    assert.ok(!(await fileExists({ ...mine, repo, path: "nothing" })));

    const other = await newBucket("copied");
    await copyFile({ ...mine, source: { repo, path: "a/big.bin" }, destination: { repo: other, path: "x.bin" } });
    await copyFolder({ ...mine, source: { repo, path: "a" }, destination: { repo: other, path: "copy" } });
    assert.deepEqual(await paths(other, { recursive: true }), ["file copy/b/small.txt", "file copy/big.bin", "file x.bin"]);
    assert.ok(files["a/big.bin"].equals(await read(other, "x.bin")));

    await deleteFile({ ...mine, repo, path: "a/big.bin" });
    assert.deepEqual(await paths(repo, { recursive: true }), ["file a/b/small.txt", "file c.txt"]);
    await deleteRepo({ ...mine, repo });
    await assert.rejects(paths(repo), (error) => error.statusCode === 404);
    assert.ok(files["a/big.bin"].equals(await read(other, "copy/big.bin")));
});

test("strangers are kept out", async () => {
    const repo = await newBucket("private");
    await deleteRepo({ ...mine, repo });
    await createRepo({ ...mine, repo, visibility: "private" });
    await assert.rejects(paths(repo, { accessToken: undefined }), (error) => error.statusCode === 401);
    const bob = "hf_BobWriteBobWriteBobWriteBobWriteBobWr";
    await assert.rejects(paths(repo, { accessToken: bob }), (error) => error.statusCode === 404);
    await assert.rejects(deleteRepo({ ...mine, accessToken: bob, repo }), (error) => error.statusCode === 404);
});
