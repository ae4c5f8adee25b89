"""Push: new branches, forced ones, tags, odd histories, all at once or one by one, and all that is refused."""

import base64
import io
import socket
import subprocess
from urllib.parse import urlsplit

import httpx2
import pygit2
import pytest
from dulwich import porcelain
from huggingface_hub import CommitOperationAdd

from packs import FLUSH, packet
from people import ALICE, ALICE_READ, BOB
from program import Git
from race import race


def refs(clone) -> dict[str, str]:
    """What the server says that it has."""
    lines = clone.out("ls-remote", "origin").splitlines()
    return {name: oid for oid, name in (line.split("\t") for line in lines)}


@pytest.fixture
def clone(git, address, repo):
    return git.clone(address(repo))


def test_what_is_pushed_is_there_for_every_client(clone, git, address, alice, repo):
    clone.commit("one", data__txt="some data\n", README__md="---\nlicense: mit\n---\n# Hello\n")
    head = clone.commit("two", data__txt="other data\n")
    clone.run("push", "origin", "main")
    info = alice.model_info(repo)
    assert info.sha == head
    assert info.card_data.license == "mit"
    assert [commit.title for commit in alice.list_repo_commits(repo)] == ["two", "one", "initial commit"]
    tree = {entry.path: entry.last_commit.title for entry in alice.list_repo_tree(repo, expand=True)}
    assert tree == {".gitattributes": "initial commit", "README.md": "one", "data.txt": "two"}
    again = git.clone(address(repo), "again").sound()
    assert again.out("rev-parse", "HEAD") == head
    # And on from there by API, and back.
    done = alice.create_commit(repo, [CommitOperationAdd("api.txt", b"api\n")], commit_message="three")
    clone.run("pull", "--quiet", "origin", "main")
    assert clone.out("rev-parse", "HEAD") == done.oid


def test_branches_and_tags_come_move_and_go(clone, alice, repo):
    first = clone.commit("one", a="1")
    clone.run("push", "--quiet", "origin", "HEAD:refs/heads/side", "HEAD:refs/heads/deep/er")
    clone.run("tag", "light")
    clone.run("tag", "--annotate", "noted", "--message", "a note")
    clone.run("push", "--quiet", "--tags", "origin")
    assert refs(clone)["refs/tags/noted^{}"] == first
    assert {branch.name for branch in alice.list_repo_refs(repo).branches} == {"main", "side", "deep/er"}
    # What was pushed is rewritten, and git's own rule asks for force.
    clone.run("commit", "--quiet", "--amend", "--message", "rewritten")
    assert "non-fast-forward" in clone.fails("push", "origin", "HEAD:side")
    clone.run("push", "--quiet", "--force-with-lease=side:" + first, "origin", "HEAD:side")
    assert refs(clone)["refs/heads/side"] == clone.out("rev-parse", "HEAD")
    assert "stale info" in clone.fails("push", "--force-with-lease=side:" + first, "origin", "HEAD~1:side")
    clone.run("push", "--quiet", "origin", ":side", ":deep/er", ":refs/tags/light")
    assert set(refs(clone)) == {"HEAD", "refs/heads/main", "refs/tags/noted", "refs/tags/noted^{}"}
    assert "Cannot delete" in clone.fails("push", "origin", ":main")


def test_atomic_pushes_stand_and_fall_together(clone):
    clone.commit("one", a="1")
    wanted = ["HEAD:refs/heads/good", "HEAD:refs/pr/1"]
    said = clone.fails("push", "--atomic", "origin", *wanted)
    assert "atomic push failed" in said and "pull requests" in said
    assert "refs/heads/good" not in refs(clone)
    assert "pull requests" in clone.fails("push", "origin", *wanted)
    assert refs(clone)["refs/heads/good"] == clone.out("rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["refs/pr/7", "refs/convert/parquet", "refs/other/x", "refs/heads/HEAD"])
def test_forbidden_references_stay_out(clone, name):
    clone.commit("one", a="1")
    assert "[remote rejected]" in clone.fails("push", "origin", f"HEAD:{name}")
    assert set(refs(clone)) == {"HEAD", "refs/heads/main"}


def test_the_terminal_tells_what_to_mend(clone, git, address, repo):
    clone.commit("card", README__md="---\nlicense: 5\n---\n")
    said = clone.run("push", "origin", "main").stderr.decode()
    assert "remote: warning: README.md:" in said
    before = clone.out("rev-parse", "HEAD")
    clone.commit("large", weights__bin=b"\0\1" * (6 << 20))
    said = clone.fails("push", "origin", "main")
    assert "weights.bin has 12582912 bytes" in said and 'git lfs migrate import --include="*.bin"' in said
    clone.run("reset", "--quiet", "--hard", before)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab" * 32 + "\nsize 5\n"
    clone.commit("pointer", model__safetensors=pointer)
    said = clone.fails("push", "origin", "main")
    assert "model.safetensors: its content" in said and "git lfs push" in said
    assert refs(clone)["refs/heads/main"] == before


def test_who_may_push(git, address, repo, new_repo):
    clone = git.clone(address(repo))
    clone.commit("one", a="1")
    # Without a name and a token git asks for them, which it may not here.
    assert "could not read Username" in clone.fails("push", address(repo, None), "main")
    for token in (BOB, ALICE_READ):
        said = clone.fails("push", address(repo, token), "main")
        assert "403" in said or "denied" in said, said
    hidden = new_repo(private=True)
    said = clone.fails("push", address(hidden, BOB), "main")
    assert "not found" in said, said


def test_odd_histories_come_back_as_they_were(git, address, repo, tmp_path):
    source = git.at("source")
    source.folder.mkdir()
    source.run("init", "--quiet", "--initial-branch=main")
    (source.folder / "run.sh").write_text("#!/bin/sh\n")
    (source.folder / "run.sh").chmod(0o755)
    (source.folder / "link").symlink_to("run.sh")
    source.commit("files", **{"dir/in ner__txt": "x", "ünï__txt": "y"})
    # Names in another encoding, a folder without anything in it, a submodule.
    blob = source.out("hash-object", "-w", "--stdin", data=b"latin\n")
    empty = source.out("mktree", data=b"")
    head = source.out("rev-parse", "HEAD")
    entries = [
        b"100644 blob %s\tcaf\xe9\0" % blob.encode(),
        b"040000 tree %s\tempty\0" % empty.encode(),
        b"160000 commit %s\tmodule\0" % head.encode(),
    ]
    tree = source.out("mktree", "-z", "--missing", data=b"".join(entries))
    dates = {"GIT_AUTHOR_DATE": "@9000000000 +1300", "GIT_COMMITTER_DATE": "@1 -0930"}
    odd = source.out("commit-tree", tree, "-p", head, "-m", "odd", **dates)
    sides = [source.out("commit-tree", tree, "-p", odd, "-m", f"side {number}") for number in range(3)]
    parents = [word for side in sides for word in ("-p", side)]
    octopus = source.out("-c", "i18n.commitEncoding=ISO-8859-1", "commit-tree", tree, *parents, "-m", "octopus")
    source.run("update-ref", "refs/heads/main", octopus)
    orphan = source.out("commit-tree", empty, "-m", "nothing")
    source.run("branch", "orphan", orphan)
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    signing = ["-c", "gpg.format=ssh", "-c", f"user.signingKey={key}"]
    source.run(*signing, "tag", "--sign", "signed", "--message", "signed", octopus)
    source.run("tag", "--annotate", "of-tag", "--message", "a tag of a tag", "signed")
    source.run("tag", "--annotate", "of-blob", "--message", "a tag of a file", blob)
    source.run("tag", "of-tree", tree)
    source.run("remote", "add", "origin", address(repo))
    source.run("push", "--quiet", "--force", "origin", "main", "orphan", "--tags")

    back = git.clone(address(repo), "back", "--mirror").sound()
    for name in ["main", "orphan", "signed", "of-tag", "of-blob", "of-tree"]:
        assert back.out("rev-parse", name) == source.out("rev-parse", name), name
    assert back.out("cat-file", "-t", "of-blob^{}") == "blob"
    shown = back.run("ls-tree", "-z", "main").stdout
    assert shown == source.run("ls-tree", "-z", "main").stdout and b"caf\xe9" in shown


def test_faulty_objects_stay_out(clone, git, address, repo):
    blob = clone.out("hash-object", "-w", "--stdin", data=b"x")
    evil = b"100644 .GIT\0" + bytes.fromhex(blob)
    tree = clone.out("hash-object", "-w", "-t", "tree", "--literally", "--stdin", data=evil)
    commit = clone.out("commit-tree", tree, "-m", "evil")
    assert "hasDotgit" in clone.fails("push", "origin", f"{commit}:refs/heads/evil")
    head = f"tree {clone.out('rev-parse', 'HEAD^{tree}')}\nauthor A <a@b> soon +0000\ncommitter A <a@b> 1 +0000\n\nx\n"
    bad = clone.out("hash-object", "-w", "-t", "commit", "--literally", "--stdin", data=head.encode())
    assert "badDate" in clone.fails("push", "origin", f"{bad}:refs/heads/evil")
    assert set(refs(clone)) == {"HEAD", "refs/heads/main"}


def send(url: str, token: str, body: bytes) -> tuple[int, bytes]:
    answer = httpx2.post(f"{url}/git-receive-pack", content=body, auth=("alice", token), timeout=60)
    return answer.status_code, answer.content


def test_broken_packs_are_told_and_change_nothing(clone, url, repo, alice):
    old = clone.out("rev-parse", "HEAD")
    new = clone.commit("one", a="1" * 5000, b="2" * 5000)
    pack = clone.run("pack-objects", "--stdout", "--revs", "--thin", data=f"{new}\n^{old}\n".encode()).stdout
    command = packet(f"{old} {new} refs/heads/main\0report-status side-band-64k".encode()) + FLUSH
    address = f"{url}/{repo}"
    broken = {
        "cut off": pack[:-25],
        "checksum": pack[:40] + bytes([pack[40] ^ 255]) + pack[41:],
        "is no pack": b"JUNK" + pack[4:],
        "did not arrive": b"PACK\0\0\0\2\0\0\0\0" + bytes.fromhex("029d08823bd8a8eab510ad6ac75c823cfd3ed31e"),
    }
    for words, bytes_sent in broken.items():
        status, said = send(address, ALICE, command + bytes_sent)
        assert status == 200 and b"unpack ok" not in said, (words, said)
    for junk in (b"zzzz", packet(b"nonsense") + FLUSH, packet(b"0" * 40), b"0009a"):
        status, said = send(address, ALICE, junk)
        assert status in (200, 400) and b"unpack ok" not in said, (junk, said)
    assert alice.model_info(repo).sha == old
    status, said = send(address, ALICE, command + pack)
    assert b"unpack ok" in said and alice.model_info(repo).sha == new


def test_pushes_commits_and_fetches_on_one_branch_lose_nothing(url, repo, tmp_path):
    # The long run is `python compat/git/race.py --operations 5000`.
    print(race(url, ALICE, repo, tmp_path / "race", clients=16, operations=160))


def test_options_of_a_push_and_the_second_report(clone, git):
    new = clone.commit("one", a="1")
    trace = git.folder / "trace"
    options = ["--push-option=ci.skip", "--push-option=with spaces=ünï"]
    clone.run("push", "--quiet", *options, "origin", "HEAD:side", GIT_TRACE_PACKET=str(trace))
    said = trace.read_text()
    assert "report-status-v2" in said and "> ci.skip\n" in said and "< unpack ok\n" in said
    assert refs(clone)["refs/heads/side"] == new
    many = [f"--push-option={number}" for number in range(1001)]
    assert "remote: error: a push has at most 1000 options" in clone.fails("push", *many, "origin", "HEAD:other")


def test_a_push_of_a_hundred_thousand_objects(tmp_path, address, repo):
    """99,000 files in 990 folders, and two more commits on them."""
    git = Git("git", tmp_path)
    source = git.clone(address(repo), "source", "--bare")
    stream = bytearray()
    for number in range(99_000):
        text = b"file number %d\n" % number
        stream += b"blob\nmark :%d\ndata %d\n%s\n" % (number + 1, len(text), text)
    stream += b"commit refs/heads/main\ncommitter A <a@b> 1700000000 +0000\ndata 4\nmany\nfrom refs/heads/main^0\n"
    for number in range(99_000):
        stream += b"M 100644 :%d d/%d/%d.txt\n" % (number + 1, number % 990, number)
    for turn in (1, 2):
        stream += b"commit refs/heads/main\ncommitter A <a@b> 1700000001 +0000\ndata 4\nmore\n"
        stream += b"M 100644 inline d/0/new-%d\ndata 1\n%d\n" % (turn, turn)
    source.run("fast-import", "--quiet", data=bytes(stream))
    assert len(source.objects()) > 100_000
    source.run("push", "--quiet", "origin", "main")
    again = git.clone(address(repo), "again", "--bare").sound()
    assert again.objects() == source.objects()


def test_rules_of_branches_hold(clone, alice, repo, url):
    rules = {"rules": [{"pattern": "main", "pushers": "admins"}, {"pattern": "frozen/*", "pushers": "nobody"}]}
    settings = f"{url}/api/models/{repo}/settings/branch-rules"
    answer = httpx2.put(settings, json=rules, headers={"Authorization": f"Bearer {ALICE}"})
    assert answer.status_code == 200, answer.text
    clone.commit("one", a="1")
    clone.run("push", "--quiet", "origin", "main", "HEAD:side")
    clone.run("commit", "--quiet", "--amend", "--message", "rewritten")
    assert "forbids to rewrite main" in clone.fails("push", "--force", "origin", "main")
    clone.run("push", "--quiet", "--force", "origin", "HEAD:side")
    assert "lets nobody push" in clone.fails("push", "origin", "HEAD:frozen/v1")


def test_libgit2_pushes(address, alice, new_repo, tmp_path):
    repo = new_repo()
    clone = pygit2.clone_repository(address(repo), str(tmp_path / "clone"))
    (tmp_path / "clone" / "file.txt").write_text("by libgit2\n")
    clone.index.add("file.txt")
    who = pygit2.Signature("Ada", "ada@example.org")
    commit = clone.create_commit("HEAD", who, who, "by libgit2", clone.index.write_tree(), [clone.head.target])
    clone.create_tag("v1", commit, pygit2.enums.ObjectType.COMMIT, who, "a note")
    clone.remotes["origin"].push(["refs/heads/main", "refs/heads/main:refs/heads/side", "refs/tags/v1"])
    assert alice.model_info(repo, revision="v1").sha == str(commit)
    assert {branch.name for branch in alice.list_repo_refs(repo).branches} == {"main", "side"}


def test_dulwich_pushes(alice, new_repo, url, tmp_path):
    repo, errors = new_repo(), io.BytesIO()
    place = tmp_path / "clone"
    clone = porcelain.clone(f"{url}/{repo}", str(place), errstream=errors, username="alice", password=ALICE)
    (place / "file.txt").write_text("by dulwich\n")
    porcelain.add(clone, [str(place / "file.txt")])
    head = porcelain.commit(clone, message=b"by dulwich", author=b"Ada <a@b>", committer=b"Ada <a@b>")
    porcelain.push(
        clone, f"{url}/{repo}", "refs/heads/main", errstream=errors, username="alice", password=ALICE
    )
    assert alice.model_info(repo).sha == head.decode()


def test_a_push_that_breaks_off_changes_nothing(clone, url, repo, alice):
    old = clone.out("rev-parse", "HEAD")
    new = clone.commit("one", a="1" * 5000, b="2" * 5000)
    pack = clone.run("pack-objects", "--stdout", "--revs", data=f"{new}\n^{old}\n".encode()).stdout
    body = packet(f"{old} {new} refs/heads/main\0report-status".encode()) + FLUSH + pack
    secret = base64.b64encode(f"alice:{ALICE}".encode())
    head = b"POST /%s/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n"
    place = urlsplit(url)
    for sent in (10, len(body) // 2, len(body) - 1):
        with socket.create_connection((place.hostname, place.port)) as line:
            line.sendall(head % (repo.encode(), secret, len(body)) + body[:sent])
    assert alice.model_info(repo).sha == old
    assert b"unpack ok" in send(f"{url}/{repo}", ALICE, body)[1]
