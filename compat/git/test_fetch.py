"""Clone and fetch: whole, shallow, partial, in each version of the protocol, and what git says when it may not."""

import gzip
import subprocess

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete

from content import MEGABYTE, git_blob_id, noise
from people import ALICE, ALICE_READ, BOB

LENGTH = 12
# Text of more than 128 KiB, which Hearth keeps outside its database.
NAMES = "".join(f"{number},name of {number * number}\n" for number in range(12_000)).encode()


@pytest.fixture(scope="module")
def history(alice):
    """A repository with a history of commits by API: files that change, come, go, and one too large for a row."""
    repo = alice.create_repo("alice/git-history", exist_ok=True).repo_id
    for number in range(LENGTH):
        operations = [
            CommitOperationAdd("changing.txt", f"{number}\n".encode()),
            CommitOperationAdd(f"data/{number % 3}/file-{number}.txt", f"file {number}\n".encode() * 200),
        ]
        if number == 3:
            operations.append(CommitOperationAdd("big/text.jsonl", b'{"line": "of many"}\n' * 40_000))
            operations.append(CommitOperationAdd("big/names.csv", NAMES))
        if number == 8:
            operations.append(CommitOperationDelete("data/0/file-0.txt"))
        alice.create_commit(repo, operations, commit_message=f"commit {number}")
    alice.create_branch(repo, branch="side", revision="main")
    alice.create_commit(repo, [CommitOperationAdd("side.txt", b"side\n")], commit_message="aside", revision="side")
    alice.create_tag(repo, tag="light")
    alice.create_tag(repo, tag="noted", tag_message="a note")
    return repo


def commits(alice, repo, revision="main") -> list[str]:
    """Newest first."""
    return [commit.commit_id for commit in alice.list_repo_commits(repo, revision=revision)]


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_clone_in_each_version(git, address, alice, history, version):
    clone = git.clone(address(history), "clone", "-c", f"protocol.version={version}").sound()
    expected = commits(alice, history)
    assert clone.out("rev-list", "HEAD").split() == expected
    assert clone.out("symbolic-ref", "HEAD") == "refs/heads/main"
    assert set(clone.out("tag").split()) == {"light", "noted"}
    assert clone.out("cat-file", "-t", "noted") == "tag"
    assert clone.out("rev-parse", "noted^{commit}") == expected[0]
    assert clone.out("rev-parse", "origin/side") == commits(alice, history, "side")[0]
    for path in alice.list_repo_files(history):
        content = (clone.folder / path).read_bytes()
        assert clone.out("rev-parse", f"HEAD:{path}") == git_blob_id(content)
        assert httpx2.get(f"{alice.endpoint}/{history}/raw/main/{path}").content == content


def test_what_is_listed(git, address, alice, history):
    listed = git.out("ls-remote", address(history)).splitlines()
    names = [line.split("\t")[1] for line in listed]
    assert names == [
        "HEAD", "refs/heads/main", "refs/heads/side", "refs/tags/light", "refs/tags/noted", "refs/tags/noted^{}",
    ]  # fmt: skip
    old = git.out("-c", "protocol.version=0", "ls-remote", address(history))
    assert old.splitlines() == listed
    assert git.out("ls-remote", "--symref", address(history), "HEAD").splitlines()[0] == "ref: refs/heads/main\tHEAD"
    assert git.out("ls-remote", address(history), "refs/heads/s*").split()[1:] == ["refs/heads/side"]


def test_an_empty_repository(git, url, alice, new_repo):
    repo = new_repo()
    clone = git.clone(f"{url}/{repo}").sound()
    assert clone.out("ls-files") == ".gitattributes"
    assert clone.out("rev-list", "--count", "HEAD") == "1"


@pytest.mark.parametrize("kind", ["dataset", "space"])
def test_other_kinds(git, address, alice, new_repo, kind):
    repo = new_repo(kind)
    clone = git.clone(address(repo)).sound()
    assert clone.out("rev-parse", "HEAD") == alice.repo_info(repo.split("/", 1)[1], repo_type=kind).sha


@pytest.mark.parametrize("version", ["0", "2"])
def test_fetch_brings_only_what_is_new(git, address, alice, repo, version):
    clone = git.clone(address(repo), "clone", "-c", f"protocol.version={version}")
    before = clone.objects()
    alice.upload_file(repo_id=repo, path_or_fileobj=b"new\n", path_in_repo="deep/er/new.txt")
    said = clone.run("fetch", "--progress").stderr.decode()
    assert "remote: Enumerating objects" in said
    # A commit, three trees, a blob.
    assert len(clone.objects() - before) == 5
    clone.run("merge", "--quiet", "--ff-only", "origin/main")
    assert (clone.folder / "deep/er/new.txt").read_bytes() == b"new\n"
    clone.sound()
    before = clone.objects()
    clone.run("fetch")
    assert clone.objects() == before


@pytest.mark.parametrize("version", ["0", "2"])
def test_fetch_negotiates_from_a_diverged_history(git, address, alice, history, version):
    clone = git.clone(address(history), "clone", "--single-branch", "-c", f"protocol.version={version}")
    clone.run("reset", "--quiet", "--hard", "HEAD~6")
    for number in range(300):
        clone.run("commit", "--quiet", "--allow-empty", "--message", f"own {number}")
    clone.run("update-ref", "-d", "refs/remotes/origin/main")
    clone.run("tag", "--delete", "light", "noted")
    clone.run("reflog", "expire", "--expire=now", "--all")
    clone.run("gc", "--quiet", "--prune=now")
    trace = git.folder / "trace"
    clone.run("fetch", GIT_TRACE_PACKET=str(trace))
    said = trace.read_text()
    assert "ACK" in said and " ready" in said
    assert clone.out("rev-parse", "origin/main") == commits(alice, history)[0]
    clone.sound()


def test_tags_come_along(git, address, alice, repo):
    clone = git.clone(address(repo))
    alice.upload_file(repo_id=repo, path_or_fileobj=b"new\n", path_in_repo="new.txt")
    alice.create_tag(repo, tag="v1", tag_message="first")
    trace = git.folder / "trace"
    clone.run("fetch", GIT_TRACE_PACKET=str(trace))
    assert clone.out("cat-file", "-t", "v1") == "tag"
    # The tag is in the pack of its commit: no second request asks for it.
    assert trace.read_text().count("fetch> command=fetch") == 1


@pytest.mark.parametrize("version", ["0", "2"])
def test_shallow(git, address, alice, history, version):
    expected = commits(alice, history)
    clone = git.clone(address(history), "clone", "--depth=2", "-c", f"protocol.version={version}").sound()
    assert clone.out("rev-list", "HEAD").split() == expected[:2]
    clone.run("fetch", "--deepen=3")
    assert clone.out("rev-list", "HEAD").split() == expected[:5]
    clone.run("fetch", "--depth=3")
    assert clone.out("rev-list", "HEAD").split() == expected[:3]
    clone.run("fetch", "--depth=8")
    assert clone.out("rev-list", "HEAD").split() == expected[:8]
    clone.sound()
    clone.run("fetch", "--unshallow")
    assert clone.out("rev-list", "HEAD").split() == expected
    assert not (clone.folder / ".git/shallow").exists()
    clone.sound()


@pytest.mark.parametrize("version", ["0", "2"])
def test_a_shallow_clone_is_kept_up_to_date(git, address, alice, repo, version):
    for number in range(4):
        alice.upload_file(repo_id=repo, path_or_fileobj=f"{number}".encode(), path_in_repo="file.txt")
    clone = git.clone(address(repo), "clone", "--depth=1", "-c", f"protocol.version={version}")
    alice.upload_file(repo_id=repo, path_or_fileobj=b"more", path_in_repo="other.txt")
    before = clone.objects()
    clone.run("fetch")
    assert len(clone.objects() - before) == 3
    assert clone.out("rev-list", "--count", "origin/main") == "2"
    alice.upload_file(repo_id=repo, path_or_fileobj=b"even more", path_in_repo="other.txt")
    clone.run("fetch", "--depth=1")
    assert clone.out("rev-list", "--count", "origin/main") == "1"
    clone.sound()


@pytest.mark.parametrize("version", ["0", "2"])
def test_shallow_by_date_and_by_reference(git, address, alice, history, new_repo, version):
    option = ("-c", f"protocol.version={version}")
    since = git.clone(address(history), "since", "--shallow-since=2020-01-01", *option).sound()
    assert since.out("rev-list", "HEAD").split() == commits(alice, history)
    without = git.clone(address(history), "without", "--branch=side", "--shallow-exclude=main", *option).sound()
    assert without.out("rev-list", "HEAD").split() == commits(alice, history, "side")[:1]
    said = git.fails(*option, "clone", "--shallow-exclude=nothing", address(history), "wrong")
    assert "deepen-not is not a ref: nothing" in said


@pytest.mark.parametrize("version", ["0", "2"])
@pytest.mark.parametrize("filter", ["blob:none", "blob:limit=1k", "tree:0", "tree:1", "combine:blob:none+tree:1"])
def test_partial(git, address, alice, history, filter, version):
    clone = git.clone(
        address(history), "clone", "--no-checkout", f"--filter={filter}", "-c", f"protocol.version={version}"
    )
    kinds = clone.out("cat-file", "--batch-all-objects", "--batch-check=%(objecttype)").split()
    assert kinds.count("commit") == len(commits(alice, history, "side"))
    if filter == "blob:limit=1k":
        # The files of kilobytes stay away, the numbers come.
        assert 0 < kinds.count("blob") < 2 * LENGTH
    else:
        assert kinds.count("blob") == 0
    if filter == "tree:0":
        assert kinds.count("tree") == 0
    elif "tree:1" in filter:
        assert kinds.count("tree") == len(commits(alice, history, "side"))
    # Checking out asks for what is missing, by id.
    clone.run("checkout", "--quiet", "main")
    assert (clone.folder / "changing.txt").read_text() == f"{LENGTH - 1}\n"
    assert (clone.folder / "big/names.csv").read_bytes() == NAMES
    clone.out("log", "--stat")
    clone.sound()


def test_sparse_checkout_of_a_partial_clone(git, address, history):
    clone = git.clone(address(history), "clone", "--filter=blob:none", "--sparse")
    clone.run("sparse-checkout", "set", "data/1")
    assert (clone.folder / "data/1").is_dir() and not (clone.folder / "big").exists()
    clone.run("sparse-checkout", "disable")
    assert (clone.folder / "big/text.jsonl").exists()
    clone.sound()


def test_what_is_not_offered_is_said(git, address, history):
    said = git.fails("clone", "--filter=sparse:oid=main:x", address(history), "x")
    assert "filter 'sparse:oid=" in said and "not supported" in said


def test_one_commit_by_its_id(git, address, alice, history):
    wanted = commits(alice, history)[5]
    git.run("init", "--quiet", "fresh")
    fresh = git.at("fresh")
    fresh.run("fetch", "--quiet", "--depth=1", address(history), wanted)
    assert fresh.out("rev-list", "FETCH_HEAD").split() == [wanted]
    said = fresh.fails("fetch", address(history), "0123456789012345678901234567890123456789")
    assert "not our ref 0123456789012345678901234567890123456789" in said


@pytest.mark.parametrize("version", ["0", "2"])
def test_a_pull_request_is_fetched_by_its_number(git, address, alice, repo, version):
    proposed = [CommitOperationAdd("proposed.txt", b"proposed\n")]
    done = alice.create_commit(repo, proposed, commit_message="propose", create_pr=True)
    clone = git.clone(address(repo), "clone", "-c", f"protocol.version={version}")
    assert not any(oid == done.oid for oid in clone.objects())
    assert f"refs/pr/{done.pr_num}" in clone.out("ls-remote", "origin")
    clone.run("fetch", "--quiet", "origin", f"refs/pr/{done.pr_num}:pr/{done.pr_num}")
    assert clone.out("rev-parse", f"pr/{done.pr_num}") == done.oid
    clone.run("checkout", "--quiet", f"pr/{done.pr_num}")
    assert (clone.folder / "proposed.txt").read_text() == "proposed\n"
    clone.sound()


@pytest.mark.parametrize("version", ["0", "2"])
def test_mirror(git, address, alice, history, version):
    mirror = git.clone(address(history), "mirror.git", "--mirror", "-c", f"protocol.version={version}").sound()
    assert mirror.out("for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/main", "refs/heads/side", "refs/tags/light", "refs/tags/noted",
    ]  # fmt: skip


def test_a_renamed_repository_is_followed(git, address, alice, new_repo):
    repo = new_repo()
    clone = git.clone(address(repo), "before")
    alice.move_repo(repo, f"{repo}-moved")
    for version in ["0", "2"]:
        again = git.clone(address(repo), f"after-{version}", "-c", f"protocol.version={version}").sound()
        assert again.out("rev-parse", "HEAD") == clone.out("rev-parse", "HEAD")
    alice.upload_file(repo_id=f"{repo}-moved", path_or_fileobj=b"x", path_in_repo="x.txt")
    clone.run("pull", "--quiet")
    assert (clone.folder / "x.txt").exists()


def test_who_may_clone(git, url, address, alice, new_repo):
    private = new_repo(private=True)
    git.clone(address(private), "mine").sound()
    git.clone(address(private, ALICE_READ), "read-only")
    password = f"{url.replace('://', '://alice:correct%20horse%20battery%20staple@')}/{private}.git"
    git.clone(password, "password")
    missing = "alice/never-was-here"
    # A stranger learns the same of what is hidden and of what does not exist.
    for repo in [private, missing]:
        said = git.fails("clone", address(repo, BOB), "x")
        assert "not found" in said and said.replace(repo, "") == git.fails(
            "clone", address(missing, BOB), "x"
        ).replace(missing, "")
        said = git.fails("clone", f"{url}/{repo}", "x")
        assert "could not read Username" in said
    said = git.fails("clone", address(private, "hf_wrong"), "x")
    assert "Authentication failed" in said


def test_the_reason_of_a_refusal_is_shown(git, address, alice, new_repo):
    gated = new_repo()
    alice.update_repo_settings(gated, gated="manual")
    said = git.fails("clone", address(gated, BOB), "x")
    assert "remote: Access to" in said and "restricted" in said


def test_the_credential_helper_is_asked(git, url, alice, new_repo):
    private = new_repo(private=True)
    helper = f"!f() {{ echo username=anyone; echo password={ALICE}; }}; f"
    git.clone(f"{url}/{private}", "clone", "-c", f"credential.helper={helper}").sound()


def test_lfs_files_come_with_a_clone(git, address, alice, repo):
    content = noise(3 * MEGABYTE, 11)
    alice.upload_file(repo_id=repo, path_or_fileobj=content, path_in_repo="model.safetensors")
    clone = git.clone(address(repo)).sound()
    assert (clone.folder / "model.safetensors").stat().st_size < 200
    clone.run("lfs", "install", "--local")
    clone.run("lfs", "pull", GIT_LFS_SKIP_SMUDGE="0")
    assert (clone.folder / "model.safetensors").read_bytes() == content
    assert clone.out("status", "--porcelain") == ""


def test_a_person_sees_what_happens(git, address, history):
    said = git.run("clone", "--progress", address(history), "clone").stderr.decode()
    assert "remote: Enumerating objects: " in said and "remote: Total " in said and "Receiving objects: 100%" in said
    quiet = git.run("clone", "--quiet", address(history), "quiet").stderr.decode()
    assert quiet == ""


def test_server_options_and_negotiation_only(git, address, history, alice):
    clone = git.clone(address(history))
    clone.run("fetch", "--server-option=anything=goes", "origin")
    first = commits(alice, history)[0]
    common = clone.out("fetch", "--negotiate-only", f"--negotiation-tip={first}", "origin")
    assert first in common.split()


def packet(line: str) -> bytes:
    return b"%04x%s\n" % (len(line.encode()) + 5, line.encode())


def ask(url: str, repo: str, body: bytes, headers: dict | None = None, version: str = "2") -> httpx2.Response:
    headers = {"Git-Protocol": f"version={version}"} | (headers or {})
    return httpx2.post(f"{url}/{repo}.git/git-upload-pack", content=body, headers=headers, timeout=60)


@pytest.mark.parametrize(
    "body,words",
    [
        (b"zzzz", b"ERR the request is malformed"),
        (b"0009do", b"ERR the request is malformed: the input ends within a packet"),
        (packet("command=dance") + b"0000", b"ERR unknown command 'dance'"),
        (packet("command=fetch") + b"0001" + packet("want x") + b"0000", b"ERR invalid object id 'x'"),
        (packet("command=fetch") + b"0001" + packet("want " + "1" * 40), b"ERR the request is cut off"),
        (packet("command=fetch") + b"0001" + packet("surprise") + b"0000", b"ERR unexpected line: 'surprise'"),
        (packet("command=fetch") + b"0001" + packet("deepen 0") + b"0000", b"ERR invalid deepen: '0'"),
        (packet("command=ls-refs") + b"0001" + packet("x" * 60000) + b"0000", b"ERR unexpected line: 'xxxx"),
        (packet("object-format=sha256") + packet("command=fetch") + b"0000", b"ERR mismatched object format"),
    ],
)
def test_faulty_requests_get_a_clear_answer(url, history, body, words):
    answer = ask(url, history, body)
    assert answer.status_code == 200 and words in answer.content, answer.content
    assert len(answer.content) < 1000


def test_faulty_requests_of_old_versions(url, history):
    answer = ask(url, history, packet("have " + "1" * 40) + b"0000", version="0")
    assert b"ERR unexpected line" in answer.content
    answer = ask(url, history, packet("want " + "1" * 40) + b"0000", version="0")
    assert b"ERR upload-pack: not our ref 1111" in answer.content
    answer = ask(url, history, b"0000", version="0")
    assert answer.content == b""


def test_gzip_requests_are_read_within_bounds(url, history):
    listing = packet("command=ls-refs") + b"0001" + packet("symrefs") + b"0000"
    plain = ask(url, history, listing)
    assert ask(url, history, gzip.compress(listing), {"Content-Encoding": "gzip"}).content == plain.content
    bomb = gzip.compress(b"0004" * (100 * MEGABYTE // 4))
    answer = ask(url, history, bomb, {"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert ask(url, history, b"no gzip", {"Content-Encoding": "gzip"}).status_code == 400
    assert ask(url, history, listing, {"Content-Encoding": "br"}).status_code == 400


def test_a_future_without_commits_is_refused(url, alice, history):
    wants = packet(f"want {commits(alice, history)[0]}") + packet("deepen-since 4102444800") + packet("done")
    answer = ask(url, history, packet("command=fetch") + b"0001" + wants + b"0000")
    assert b"ERR no commits selected for shallow requests" in answer.content


def test_millions_of_wants_are_bounded(url, alice, history):
    tip = commits(alice, history)[0]
    many = packet("command=fetch") + b"0001" + packet(f"want {tip}") * 200_000 + packet("done") + b"0000"
    answer = ask(url, history, many)
    assert answer.status_code == 200 and answer.content.startswith(b"000dpackfile\n")
    assert ask(url, history, packet(f"want {tip}") * 500_000).status_code == 413
    unknown = b"".join(packet(f"have {number:040x}") for number in range(100_000))
    answer = ask(url, history, packet("command=fetch") + b"0001" + packet(f"want {tip}") + unknown + b"0000")
    assert answer.content == packet("acknowledgments") + packet("NAK") + b"0000"


def test_dumb_http_is_refused(url, history):
    answer = httpx2.get(f"{url}/{history}.git/info/refs")
    assert answer.status_code == 403 and "smart protocol" in answer.text
    assert httpx2.get(f"{url}/{history}.git/info/refs?service=git-dance").status_code == 403
    assert httpx2.get(f"{url}/{history}.git/objects/info/packs").status_code in (401, 404)


def test_a_client_that_goes_away_leaves_the_server_well(url, alice, history, git, address):
    tip = commits(alice, history)[0]
    body = packet("command=fetch") + b"0001" + packet(f"want {tip}") + packet("done") + b"0000"
    for _ in range(20):
        asked = {"url": f"{url}/{history}.git/git-upload-pack", "headers": {"Git-Protocol": "version=2"}}
        with httpx2.stream("POST", content=body, **asked) as answer:
            next(answer.iter_raw(10))
    git.clone(address(history)).sound()


def test_many_clones_at_once(git, address, history):
    running = [
        subprocess.Popen([git.program, "clone", "--quiet", address(history), git.folder / f"clone-{number}"])
        for number in range(16)
    ]
    assert [clone.wait(timeout=120) for clone in running] == [0] * 16
    git.at("clone-7").sound()
