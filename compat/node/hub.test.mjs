// The reference JavaScript client against a running Hearth, whose address is in HEARTH_URL.
// The accounts are those of ../python/accounts.json.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
    HubApiError,
    checkRepoAccess,
    commit,
    countCommits,
    createBranch,
    createCollection,
    createRepo,
    datasetInfo,
    deleteBranch,
    deleteCollection,
    deleteFile,
    deleteFiles,
    deleteRepo,
    downloadFile,
    downloadFileToCacheDir,
    fileDownloadInfo,
    fileExists,
    listCollections,
    listCommits,
    listDatasets,
    listFiles,
    listModels,
    listSpaces,
    modelInfo,
    parseSafetensorsMetadata,
    pathsInfo,
    repoExists,
    snapshotDownload,
    spaceInfo,
    uploadFile,
    uploadFiles,
    whoAmI,
} from "@huggingface/hub";
import "./timers.mjs";

const hubUrl = process.env.HEARTH_URL;
const accessToken = "hf_AliceWriteAliceWriteAliceWriteAliceWr";
const stranger = "hf_BobWriteBobWriteBobWriteBobWriteBobWr";
const mine = { hubUrl, accessToken };

const large = randomBytes(3 * 1024 * 1024);
const name = (stem) => `alice/node-${stem}-${randomBytes(4).toString("hex")}`;
const model = { type: "model", name: name("model") };
let cacheDir;

async function all(generator) {
    const items = [];
    for await (const item of generator) items.push(item);
    return items;
}

async function bytes(blob) {
    return Buffer.from(await blob.arrayBuffer());
}

before(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), "hearth-node-"));
    await createRepo({ ...mine, repo: model });
    await uploadFiles({
        ...mine,
        repo: model,
        commitTitle: "fill",
        files: [
            { path: "README.md", content: new Blob(["---\nlicense: mit\n---\n# Hello\n"]) },
            { path: "data/a.txt", content: new Blob(["a"]) },
            { path: "data/deep/b.txt", content: new Blob(["b"]) },
            { path: "empty", content: new Blob([]) },
            { path: "large.bin", content: new Blob([large]) },
        ],
    });
});

after(() => rm(cacheDir, { recursive: true }));

test("whoAmI", async () => {
    const me = await whoAmI(mine);
    assert.equal(me.type, "user");
    assert.equal(me.name, "alice");
    assert.equal(me.auth.accessToken.role, "write");
    assert.ok(me.auth.accessToken.createdAt instanceof Date);
    assert.deepEqual(me.orgs.map((org) => org.name).sort(), ["acme", "quiet"]);
    await assert.rejects(whoAmI({ hubUrl, accessToken: "hf_wrong" }), HubApiError);
});

test("createRepo and deleteRepo of the three kinds", async () => {
    for (const [type, options, path] of [
        ["model", {}, ""],
        ["dataset", { private: true }, "datasets/"],
        ["space", { sdk: "static" }, "spaces/"],
    ]) {
        const repo = { type, name: name(type) };
        const created = await createRepo({ ...mine, repo, ...options });
        assert.equal(created.repoUrl, `${hubUrl}/${path}${repo.name}`);
        assert.ok(await repoExists({ ...mine, repo }));
        await assert.rejects(createRepo({ ...mine, repo, ...options }), (error) => error.statusCode === 409);
        await deleteRepo({ ...mine, repo });
        assert.equal(await repoExists({ ...mine, repo }), false);
    }
});

test("createRepo with a license and first files", async () => {
    const repo = { type: "model", name: name("first") };
    const files = [{ path: "first.txt", content: new Blob(["one"]) }];
    await createRepo({ ...mine, repo, license: "mit", files });
    const paths = (await all(listFiles({ ...mine, repo }))).map((file) => file.path).sort();
    assert.deepEqual(paths, [".gitattributes", "README.md", "first.txt"]);
    assert.equal(await countCommits({ ...mine, repo }), 1);
    await deleteRepo({ ...mine, repo });
});

test("listFiles", async () => {
    const top = await all(listFiles({ hubUrl, repo: model }));
    assert.deepEqual(top.map((file) => `${file.type} ${file.path}`).sort(), [
        "directory data",
        "file .gitattributes",
        "file README.md",
        "file empty",
        "file large.bin",
    ]);
    assert.equal(top.find((file) => file.path === "large.bin").lfs.size, large.length);
    const deep = await all(listFiles({ hubUrl, repo: model, path: "data", recursive: true, expand: true }));
    assert.deepEqual(deep.map((file) => file.path).sort(), ["data/a.txt", "data/deep", "data/deep/b.txt"]);
    assert.ok(deep.every((file) => file.lastCommit.title === "fill"));
});

test("downloadFile", async () => {
    const blob = await downloadFile({ hubUrl, repo: model, path: "large.bin" });
    assert.equal(blob.size, large.length);
    assert.deepEqual(await bytes(blob), large);
    assert.deepEqual(await bytes(blob.slice(1000, 2000)), large.subarray(1000, 2000));
    assert.equal(await (await downloadFile({ hubUrl, repo: model, path: "data/a.txt" })).text(), "a");
    assert.equal((await downloadFile({ hubUrl, repo: model, path: "empty" })).size, 0);
    const pointer = await (await downloadFile({ hubUrl, repo: model, path: "large.bin", raw: true })).text();
    assert.match(pointer, /^version https:\/\/git-lfs/);
    assert.equal(await downloadFile({ hubUrl, repo: model, path: "missing" }), null);
});

test("fileDownloadInfo and fileExists", async () => {
    const info = await fileDownloadInfo({ hubUrl, repo: model, path: "large.bin" });
    assert.equal(info.size, large.length);
    assert.ok(info.etag);
    assert.equal(await fileExists({ hubUrl, repo: model, path: "data/a.txt" }), true);
    assert.equal(await fileExists({ hubUrl, repo: model, path: "missing" }), false);
});

test("pathsInfo", async () => {
    const found = await pathsInfo({ hubUrl, repo: model, paths: ["large.bin", "data", "missing"], expand: true });
    assert.deepEqual(found.map((item) => `${item.type} ${item.path}`).sort(), ["directory data", "file large.bin"]);
    assert.ok(found.every((item) => item.lastCommit.date instanceof Date));
});

test("snapshotDownload and the cache", async () => {
    const folder = await snapshotDownload({ hubUrl, repo: model, cacheDir });
    assert.deepEqual(await readFile(join(folder, "large.bin")), large);
    assert.equal(await readFile(join(folder, "data/deep/b.txt"), "utf8"), "b");
    const path = await downloadFileToCacheDir({ hubUrl, repo: model, cacheDir, path: "README.md" });
    assert.match(await readFile(path, "utf8"), /# Hello/);
});

test("commit: add, change and delete", async () => {
    const repo = { type: "dataset", name: name("commits") };
    await createRepo({ ...mine, repo });
    const first = await commit({
        ...mine,
        repo,
        title: "first",
        description: "because",
        operations: [
            { operation: "addOrUpdate", path: "a.txt", content: new Blob(["1"]) },
            { operation: "addOrUpdate", path: "b/c.bin", content: new Blob([large]) },
        ],
    });
    assert.equal(first.commit.url, `${hubUrl}/datasets/${repo.name}/commit/${first.commit.oid}`);
    await commit({
        ...mine,
        repo,
        title: "second",
        parentCommit: first.commit.oid,
        operations: [
            { operation: "addOrUpdate", path: "a.txt", content: new Blob(["2"]) },
            { operation: "delete", path: "b/c.bin" },
        ],
    });
    await assert.rejects(
        commit({
            ...mine,
            repo,
            title: "stale",
            parentCommit: first.commit.oid,
            operations: [{ operation: "addOrUpdate", path: "a.txt", content: new Blob(["3"]) }],
        }),
        (error) => error.statusCode === 412,
    );
    await uploadFile({ ...mine, repo, file: { path: "one.txt", content: new Blob(["one"]) } });
    await deleteFile({ ...mine, repo, path: "one.txt" });
    await uploadFiles({ ...mine, repo, files: [{ path: "x/1", content: new Blob(["1"]) }, { path: "x/2", content: new Blob(["2"]) }] });
    await deleteFiles({ ...mine, repo, paths: ["x/1", "x/2"] });
    const paths = (await all(listFiles({ ...mine, repo, recursive: true }))).map((file) => file.path).sort();
    assert.deepEqual(paths, [".gitattributes", "a.txt"]);
    const commits = await all(listCommits({ ...mine, repo, batchSize: 3 }));
    assert.equal(commits.length, await countCommits({ ...mine, repo }));
    assert.equal(commits.at(-1).title, "initial commit");
    assert.equal(commits.at(-2).message, "because");
    assert.equal(commits[0].authors[0].username, "alice");
    await deleteRepo({ ...mine, repo });
});

test("many files", async () => {
    const repo = { type: "model", name: name("many") };
    await createRepo({ ...mine, repo });
    const files = Array.from({ length: 300 }, (_, n) => ({ path: `f/${n}.txt`, content: new Blob([`${n}`]) }));
    await uploadFiles({ ...mine, repo, files });
    assert.equal((await all(listFiles({ ...mine, repo, path: "f" }))).length, 300);
    await deleteRepo({ ...mine, repo });
});

test("branches", async () => {
    await createBranch({ ...mine, repo: model, branch: "dev" });
    await uploadFile({ ...mine, repo: model, branch: "dev", file: { path: "dev.txt", content: new Blob(["d"]) } });
    assert.ok(await fileExists({ hubUrl, repo: model, path: "dev.txt", revision: "dev" }));
    assert.equal(await fileExists({ hubUrl, repo: model, path: "dev.txt" }), false);
    await assert.rejects(createBranch({ ...mine, repo: model, branch: "dev" }), (error) => error.statusCode === 409);
    await createBranch({ ...mine, repo: model, branch: "dev", revision: "main", overwrite: true });
    assert.equal(await fileExists({ hubUrl, repo: model, path: "dev.txt", revision: "dev" }), false);
    await createBranch({ ...mine, repo: model, branch: "bare", empty: true });
    assert.deepEqual(await all(listFiles({ hubUrl, repo: model, revision: "bare" })), []);
    await deleteBranch({ ...mine, repo: model, branch: "dev" });
    await deleteBranch({ ...mine, repo: model, branch: "bare" });
});

test("information about each kind", async () => {
    const info = await modelInfo({ hubUrl, name: model.name, additionalFields: ["author", "sha", "cardData", "tags"] });
    assert.equal(info.name, model.name);
    assert.equal(info.author, "alice");
    assert.equal(info.cardData.license, "mit");
    assert.ok(info.updatedAt instanceof Date);
    for (const [type, ask] of [
        ["dataset", datasetInfo],
        ["space", spaceInfo],
    ]) {
        const repo = { type, name: name(`info-${type}`) };
        await createRepo({ ...mine, repo, sdk: "static" });
        assert.equal((await ask({ hubUrl, name: repo.name })).name, repo.name);
        await deleteRepo({ ...mine, repo });
    }
});

test("lists", async () => {
    const names = (items) => items.map((item) => item.name);
    assert.ok(names(await all(listModels({ hubUrl, search: { owner: "alice" } }))).includes(model.name));
    assert.equal((await all(listModels({ hubUrl, limit: 1 }))).length, 1);
    const found = await all(listModels({ hubUrl, search: { query: model.name.split("/")[1], tags: ["license:mit"] } }));
    assert.deepEqual(names(found), [model.name]);
    assert.ok(Array.isArray(await all(listDatasets({ hubUrl, search: { owner: "alice" } }))));
    assert.ok(Array.isArray(await all(listSpaces({ hubUrl, search: { owner: "alice" } }))));
});

test("access is refused as it should be", async () => {
    const repo = { type: "model", name: name("private") };
    await createRepo({ ...mine, repo, private: true });
    await checkRepoAccess({ ...mine, repo });
    await assert.rejects(checkRepoAccess({ hubUrl, accessToken: stranger, repo }), (error) => error.statusCode === 404);
    await assert.rejects(all(listFiles({ hubUrl, repo })), (error) => error.statusCode === 401);
    assert.equal(await repoExists({ hubUrl, accessToken: stranger, repo }), false);
    await deleteRepo({ ...mine, repo });
});

test("parseSafetensorsMetadata", async () => {
    const header = Buffer.from(JSON.stringify({ w: { dtype: "F32", shape: [4], data_offsets: [0, 16] } }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const content = new Blob([length, header, Buffer.alloc(16)]);
    await uploadFile({ ...mine, repo: model, file: { path: "model.safetensors", content } });
    const parsed = await parseSafetensorsMetadata({ hubUrl, repo: model.name, computeParametersCount: true });
    assert.deepEqual(parsed.parameterCount, { F32: 4 });
});

test("a stranger opens a pull request and goes on with it", async () => {
    const theirs = { hubUrl, accessToken: stranger };
    const repo = { type: "model", name: name("pull") };
    await createRepo({ repo, ...mine });
    const operations = (path, content) => [{ operation: "addOrUpdate", path, content: new Blob([content]) }];
    const pull = await commit({
        repo, ...theirs, title: "Create PR", isPullRequest: true, operations: [
            ...operations("test.txt", "This is me"), ...operations("large.bin", large),
        ],
    });
    assert.match(pull.pullRequestUrl, /\/discussions\/1$/);
    const branch = "refs/pr/1";
    await commit({ repo, ...theirs, branch, title: "More", operations: operations("more.bin", large) });
    assert.equal(await fileExists({ repo, path: "test.txt", ...mine }), false);
    for (const path of ["large.bin", "more.bin"]) {
        const file = await downloadFile({ repo, path, revision: branch, ...mine });
        assert.deepEqual(await bytes(file), large);
    }
    await assert.rejects(
        commit({ repo, ...theirs, title: "No", operations: operations("x.txt", "x") }),
        (error) => error instanceof HubApiError && error.statusCode === 403,
    );
    await deleteRepo({ repo, ...mine });
});

test("collections", async () => {
    const repo = { type: "model", name: name("collected") };
    await createRepo({ repo, ...mine });
    const title = `Things ${randomBytes(4).toString("hex")}`;
    const item = { type: "model", id: repo.name };
    const { slug } = await createCollection({ collection: { title, namespace: "alice", private: false, item }, ...mine });
    const search = { owner: ["alice"], item: [`models/${repo.name}`], q: title };
    const listed = await all(listCollections({ search, hubUrl }));
    assert.deepEqual(listed.map((one) => [one.slug, one.title, one.items[0].id]), [[slug, title, repo.name]]);
    await deleteCollection({ slug, ...mine });
    assert.deepEqual(await all(listCollections({ search, hubUrl })), []);
    await deleteRepo({ repo, ...mine });
});
