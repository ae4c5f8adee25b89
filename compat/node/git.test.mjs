// isomorphic-git, which speaks git's protocol in JavaScript, against a running Hearth.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { commit as commitByApi, createRepo } from "@huggingface/hub";
import git from "isomorphic-git";
import http from "isomorphic-git/http/node";

const url = process.env.HEARTH_URL;
assert.ok(url, "HEARTH_URL says where Hearth listens");
const accessToken = "hf_AliceWriteAliceWriteAliceWriteAliceWr";
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hearth-isomorphic-git-"));
const author = { name: "Ada", email: "ada@example.org" };
const onAuth = () => ({ username: "alice", password: accessToken });
const name = `alice/js-git-${randomBytes(5).toString("hex")}`;
const common = { fs, http, onAuth, url: `${url}/${name}.git` };

async function addByApi(file, content, title) {
    const done = await commitByApi({
        repo: { type: "model", name },
        operations: [{ operation: "addOrUpdate", path: file, content: new Blob([content]) }],
        title,
        accessToken,
        hubUrl: url,
    });
    return done.commit.oid;
}

before(async () => {
    await createRepo({ repo: { type: "model", name }, accessToken, hubUrl: url });
    for (const number of [1, 2, 3]) {
        await addByApi("data/number.txt", `${number}\n`, `commit ${number}`);
    }
});

after(() => fs.rmSync(folder, { recursive: true }));

/** States that what was cloned is whole, in the judgement of git itself. */
function sound(dir) {
    const said = execFileSync("git", ["fsck", "--full", "--strict"], { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
    assert.doesNotMatch(said.toString(), /error|missing|broken/);
}

test("isomorphic-git clones, fetches and pulls", async () => {
    const dir = path.join(folder, "clone");
    await git.clone({ ...common, dir });
    const log = await git.log({ fs, dir });
    assert.deepEqual(
        log.map((entry) => entry.commit.message.trim()),
        ["commit 3", "commit 2", "commit 1", "initial commit"],
    );
    assert.equal(fs.readFileSync(path.join(dir, "data/number.txt"), "utf8"), "3\n");
    const oid = await addByApi("more.txt", "more\n", "more");
    const fetched = await git.fetch({ fs, http, onAuth, dir, tags: true });
    assert.equal(fetched.fetchHead, oid);
    await git.pull({ fs, http, onAuth, dir, author });
    assert.equal(fs.readFileSync(path.join(dir, "more.txt"), "utf8"), "more\n");
    sound(dir);
});

test("isomorphic-git clones one commit deep, and deepens", async () => {
    const dir = path.join(folder, "shallow");
    await git.clone({ ...common, dir, depth: 1, singleBranch: true });
    assert.equal((await git.log({ fs, dir })).length, 1);
    await git.fetch({ fs, http, onAuth, dir, depth: 2, relative: true });
    assert.equal((await git.log({ fs, dir })).length, 3);
    sound(dir);
});

test("isomorphic-git pushes branches and tags, and reads why it may not", async () => {
    const dir = path.join(folder, "push");
    await git.clone({ ...common, dir });
    fs.writeFileSync(path.join(dir, "ünï.txt"), "by isomorphic-git\n");
    await git.add({ fs, dir, filepath: "ünï.txt" });
    const oid = await git.commit({ fs, dir, author, message: "by isomorphic-git" });
    await git.annotatedTag({ fs, dir, ref: "v1", message: "a note", tagger: author });
    assert.equal((await git.push({ fs, http, onAuth, dir, ref: "main", remoteRef: "main" })).ok, true);
    assert.equal((await git.push({ fs, http, onAuth, dir, ref: "v1", remoteRef: "refs/tags/v1" })).ok, true);
    await git.push({ fs, http, onAuth, dir, ref: "main", remoteRef: "refs/heads/side" });
    const refs = await git.listServerRefs({ http, onAuth, url: common.url, peelTags: true, symrefs: true });
    const found = Object.fromEntries(refs.map((entry) => [entry.ref, entry.peeled ?? entry.oid]));
    assert.deepEqual([found["refs/heads/main"], found["refs/heads/side"], found["refs/tags/v1"]], [oid, oid, oid]);
    assert.equal(refs.find((entry) => entry.ref === "HEAD").target, "refs/heads/main");

    const forbidden = await git
        .push({ fs, http, onAuth, dir, ref: "main", remoteRef: "refs/pr/1" })
        .then(() => "nothing", (error) => JSON.stringify(error.data));
    assert.match(forbidden, /pull requests/);
    await git.push({ fs, http, onAuth, dir, remoteRef: "refs/heads/side", ref: "main", delete: true });
    const left = await git.listServerRefs({ http, onAuth, url: common.url, prefix: "refs/heads/" });
    assert.deepEqual(left.map((entry) => entry.ref), ["refs/heads/main"]);
    sound(dir);
});
