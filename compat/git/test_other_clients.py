"""libgit2 (as pygit2) and dulwich, which speak the older versions of the protocol in their own ways."""

import io

import pygit2
import pytest
from dulwich import porcelain
from dulwich.client import get_transport_and_path
from dulwich.repo import MemoryRepo
from huggingface_hub import CommitOperationAdd

from people import ALICE


@pytest.fixture(scope="module")
def repo(alice):
    repo = alice.create_repo("alice/git-other-clients", exist_ok=True).repo_id
    for number in range(5):
        operations = [
            CommitOperationAdd(f"folder-{number % 2}/file.txt", f"{number}\n".encode()),
            CommitOperationAdd("large.csv", f"{number},text\n".encode() * 30_000),
        ]
        alice.create_commit(repo, operations, commit_message=f"commit {number}")
    return repo


def test_libgit2_clones_and_fetches(repo, alice, address, tmp_path, git):
    clone = pygit2.clone_repository(address(repo), str(tmp_path / "clone"))
    head = alice.model_info(repo).sha
    assert str(clone.head.target) == head
    assert len(list(clone.walk(clone.head.target))) == len(alice.list_repo_commits(repo))
    alice.upload_file(repo_id=repo, path_or_fileobj=b"more", path_in_repo="more.txt")
    clone.remotes["origin"].fetch()
    assert str(clone.references["refs/remotes/origin/main"].target) == alice.model_info(repo).sha
    git.at("clone").sound()


def test_libgit2_clones_shallow(repo, address, tmp_path, git):
    pygit2.clone_repository(address(repo), str(tmp_path / "clone"), depth=2)
    assert git.at("clone").sound().out("rev-list", "--count", "HEAD") == "2"


def test_dulwich_clones_and_fetches(repo, alice, address, url, tmp_path, git):
    errors = io.BytesIO()
    clone = porcelain.clone(f"{url}/{repo}", str(tmp_path / "clone"), errstream=errors, username="x", password=ALICE)
    assert clone.head().decode() == alice.model_info(repo).sha
    alice.upload_file(repo_id=repo, path_or_fileobj=b"other", path_in_repo="other.txt")
    porcelain.fetch(clone, "origin", errstream=errors)
    assert clone.refs[b"refs/remotes/origin/main"].decode() == alice.model_info(repo).sha
    git.at("clone").sound()


def test_dulwich_clones_shallow(repo, address, tmp_path):
    client, path = get_transport_and_path(address(repo))
    target = MemoryRepo()
    client.fetch(path, target, depth=1)
    assert len(target.get_shallow()) == 1
