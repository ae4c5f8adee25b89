"""create_commit with every kind of operation, and what it refuses."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RevisionNotFoundError

from content import MEGABYTE, noise, sha256
from people import ALICE, bearer


def read(alice, repo, path, tmp_path, **options):
    with open(alice.hf_hub_download(repo, path, cache_dir=tmp_path, **options), "rb") as file:
        return file.read()


def test_every_operation_in_one_commit(alice, repo, tmp_path, url):
    large = noise(2 * MEGABYTE)
    first = [
        CommitOperationAdd("keep.txt", b"keep"),
        CommitOperationAdd("gone.txt", b"gone"),
        CommitOperationAdd("folder/one.txt", b"1"),
        CommitOperationAdd("folder/two/three.txt", b"3"),
        CommitOperationAdd("large.bin", large),
    ]
    alice.create_commit(repo, first, commit_message="first")
    second = [
        CommitOperationAdd("keep.txt", b"kept and changed"),
        CommitOperationAdd("new/deep/file.txt", b"new"),
        CommitOperationDelete("gone.txt"),
        CommitOperationDelete("folder/"),
        CommitOperationCopy("large.bin", "copies/large.bin"),
        CommitOperationCopy("keep.txt", "copies/keep.txt"),
    ]
    info = alice.create_commit(repo, second, commit_message="second", commit_description="with reasons")
    assert info.commit_url == f"{url}/{repo}/commit/{info.oid}"
    assert info.oid == alice.model_info(repo).sha
    assert info.pr_url is None
    assert sorted(alice.list_repo_files(repo)) == sorted(
        [".gitattributes", "keep.txt", "large.bin", "new/deep/file.txt", "copies/large.bin", "copies/keep.txt"]
    )
    assert read(alice, repo, "keep.txt", tmp_path) == b"kept and changed"
    assert read(alice, repo, "copies/large.bin", tmp_path) == large
    assert read(alice, repo, "copies/keep.txt", tmp_path) == b"keep"
    newest = alice.list_repo_commits(repo)[0]
    assert (newest.title, newest.message) == ("second", "with reasons")


def test_renaming_a_large_file(alice, repo, tmp_path):
    large = noise(MEGABYTE, 3)
    alice.upload_file(repo_id=repo, path_or_fileobj=large, path_in_repo="old.bin")
    operations = [CommitOperationCopy("old.bin", "new.bin"), CommitOperationDelete("old.bin")]
    alice.create_commit(repo, operations, commit_message="rename")
    assert "old.bin" not in alice.list_repo_files(repo)
    assert read(alice, repo, "new.bin", tmp_path) == large


def test_copy_from_another_revision(alice, repo, tmp_path):
    alice.upload_file(repo_id=repo, path_or_fileobj=noise(MEGABYTE, 4), path_in_repo="a.bin", revision="main")
    alice.create_tag(repo, tag="v1")
    alice.upload_file(repo_id=repo, path_or_fileobj=noise(MEGABYTE, 5), path_in_repo="a.bin")
    alice.create_commit(repo, [CommitOperationCopy("a.bin", "b.bin", src_revision="v1")], commit_message="back")
    assert read(alice, repo, "b.bin", tmp_path) == noise(MEGABYTE, 4)


def test_copying_what_is_not_there(alice, repo):
    with pytest.raises(EntryNotFoundError):
        alice.create_commit(repo, [CommitOperationCopy("no.bin", "b.bin")], commit_message="x")


def test_deleting_what_is_not_there(alice, repo):
    with pytest.raises(EntryNotFoundError):
        alice.delete_file("never.txt", repo)
    with pytest.raises(EntryNotFoundError):
        alice.delete_folder("never", repo)


def test_delete_files_by_pattern(alice, repo):
    operations = [CommitOperationAdd(path, b"x") for path in ("a.log", "b/c.log", "b/d.txt", "e.txt")]
    alice.create_commit(repo, operations, commit_message="fill")
    alice.delete_files(repo, ["*.log"])
    assert sorted(alice.list_repo_files(repo)) == [".gitattributes", "b/d.txt", "e.txt"]
    # A folder whose path has no slash at its end goes out as a file.
    alice.create_commit(repo, [CommitOperationDelete("b")], commit_message="drop")
    alice.delete_file("e.txt", repo)
    assert alice.list_repo_files(repo) == [".gitattributes"]


def test_commit_on_a_branch(alice, repo):
    alice.create_branch(repo, branch="dev")
    alice.upload_file(repo_id=repo, path_or_fileobj=b"x", path_in_repo="x", revision="dev")
    assert alice.list_repo_files(repo) == [".gitattributes"]
    with pytest.raises(RevisionNotFoundError):
        alice.upload_file(repo_id=repo, path_or_fileobj=b"x", path_in_repo="x", revision="nowhere")


def test_parent_commit(alice, repo):
    parent = alice.model_info(repo).sha
    add = [CommitOperationAdd("a.txt", b"1")]
    alice.create_commit(repo, add, commit_message="fits", parent_commit=parent)
    stale = [CommitOperationAdd("a.txt", b"2")]
    with pytest.raises(HfHubHTTPError) as caught:
        alice.create_commit(repo, stale, commit_message="stale", parent_commit=parent)
    assert caught.value.response.status_code == 412
    assert (
        "The branch was updated since you opened this page. Please refresh and try again."
        in caught.value.server_message
    )


def test_unchanged_content_makes_no_commit(alice, repo):
    first = alice.upload_file(repo_id=repo, path_or_fileobj=b"same", path_in_repo="a.txt")
    again = alice.upload_file(repo_id=repo, path_or_fileobj=b"same", path_in_repo="a.txt")
    assert again.oid == first.oid
    large = noise(MEGABYTE)
    first = alice.upload_file(repo_id=repo, path_or_fileobj=large, path_in_repo="a.bin")
    again = alice.upload_file(repo_id=repo, path_or_fileobj=large, path_in_repo="a.bin")
    assert again.oid == first.oid


def test_many_writers_make_one_line(alice, repo):
    def write(number):
        for _ in range(50):
            try:
                return alice.upload_file(
                    repo_id=repo, path_or_fileobj=b"%d" % number, path_in_repo=f"{number}.txt"
                ).oid
            except HfHubHTTPError as error:
                assert error.response.status_code in (409, 412)
        raise AssertionError("never got through")

    with ThreadPoolExecutor(8) as pool:
        oids = list(pool.map(write, range(24)))
    assert len(set(oids)) == 24
    history = [commit.commit_id for commit in alice.list_repo_commits(repo)]
    assert len(history) == 25 and set(oids) <= set(history)
    assert len(alice.list_repo_files(repo)) == 25


@pytest.mark.parametrize(
    "path",
    ["../up.txt", "a/../../b", "/abs.txt", "./a", ".git/config", "a/.git/hooks/x", "a//b", "a\x07b", "a\0b", ""],
)
def test_paths_that_cannot_be(http, repo, path):
    answer = commit_lines(http, repo, {"key": "file", "value": {"path": path, "content": "", "encoding": "base64"}})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "line",
    [
        '{"key":"file","value":{"path":"a","content":"%%%","encoding":"base64"}}',
        '{"key":"file","value":{"path":"a","content":"YQ==","encoding":"rot13"}}',
        '{"key":"file","val',
        '{"key":"surprise","value":{}}',
        "[]",
    ],
)
def test_lines_that_cannot_be(http, repo, line):
    answer = commit_lines(http, repo, line)
    assert answer.status_code in (400, 422), answer.text
    assert isinstance(answer.json(), dict)


def test_a_large_file_that_was_never_uploaded(http, repo):
    value = {"path": "a.bin", "algo": "sha256", "oid": sha256(b"never"), "size": 5}
    answer = commit_lines(http, repo, {"key": "lfsFile", "value": value})
    assert answer.status_code == 400, answer.text


def test_inline_content_of_several_megabytes(http, alice, repo, tmp_path):
    content = base64.b64encode(b"x" * (5 * MEGABYTE)).decode()
    value = {"path": "big.txt", "content": content, "encoding": "base64"}
    assert commit_lines(http, repo, {"key": "file", "value": value}).status_code == 200
    assert read(alice, repo, "big.txt", tmp_path) == b"x" * (5 * MEGABYTE)


def commit_lines(http, repo, *lines, revision="main"):
    header = {"key": "header", "value": {"summary": "by hand", "description": ""}}
    body = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in (header, *lines))
    return http.post(
        f"/api/models/{repo}/commit/{revision}",
        content=body.encode(),
        headers=bearer(ALICE) | {"Content-Type": "application/x-ndjson"},
    )
