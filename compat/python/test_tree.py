"""Listing what is in a repository."""

import pytest
from huggingface_hub import CommitOperationAdd, RepoFile, RepoFolder
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

from content import MEGABYTE, git_blob_id, noise, sha256

FILES = {
    "README.md": b"# hello\n",
    "data/a.csv": b"a,b\n1,2\n",
    "data/deep/er/b.txt": b"b",
    "data/deep/c.txt": b"c",
    "z ü#%?.txt": b"odd name",
    "weights.safetensors": noise(MEGABYTE, 7),
}


@pytest.fixture
def tree(alice, new_repo):
    repo = new_repo()
    operations = [CommitOperationAdd(path, content) for path, content in FILES.items()]
    alice.create_commit(repo, operations, commit_message="fill")
    return repo


def paths(entries):
    return [entry.path for entry in entries]


def test_list_repo_files(alice, tree):
    assert sorted(alice.list_repo_files(tree)) == sorted([".gitattributes", *FILES])


def test_tree_of_one_level(alice, tree):
    entries = list(alice.list_repo_tree(tree))
    assert {entry.path: type(entry) for entry in entries} == {
        ".gitattributes": RepoFile,
        "README.md": RepoFile,
        "data": RepoFolder,
        "weights.safetensors": RepoFile,
        "z ü#%?.txt": RepoFile,
    }
    assert paths(alice.list_repo_tree(tree, "data")) == ["data/a.csv", "data/deep"] or set(
        paths(alice.list_repo_tree(tree, "data"))
    ) == {"data/a.csv", "data/deep"}
    assert set(paths(alice.list_repo_tree(tree, "data/deep", recursive=True))) == {
        "data/deep/er",
        "data/deep/er/b.txt",
        "data/deep/c.txt",
    }


def test_tree_entries_say_what_they_are(alice, tree):
    entries = {entry.path: entry for entry in alice.list_repo_tree(tree, recursive=True)}
    readme, weights = entries["README.md"], entries["weights.safetensors"]
    assert (readme.size, readme.blob_id, readme.lfs) == (8, git_blob_id(FILES["README.md"]), None)
    assert weights.size == MEGABYTE
    assert weights.lfs.sha256 == sha256(FILES["weights.safetensors"])
    assert (weights.lfs.size, weights.lfs.pointer_size) == (MEGABYTE, 132)
    assert len(entries["data"].tree_id) == 40
    assert readme.last_commit is None


def test_tree_expand_tells_the_last_commit(alice, tree):
    alice.upload_file(repo_id=tree, path_or_fileobj=b"new", path_in_repo="data/deep/c.txt", commit_message="touch")
    entries = {entry.path: entry for entry in alice.list_repo_tree(tree, recursive=True, expand=True)}
    assert entries["data/deep/c.txt"].last_commit.title == "touch"
    assert entries["data/deep"].last_commit.title == "touch"
    assert entries["README.md"].last_commit.title == "fill"
    assert entries["data/deep/c.txt"].last_commit.oid == alice.model_info(tree).sha


def test_tree_of_a_revision(alice, tree):
    first = alice.list_repo_commits(tree)[-1].commit_id
    assert paths(alice.list_repo_tree(tree, revision=first)) == [".gitattributes"]


def test_tree_errors(alice, tree):
    with pytest.raises(EntryNotFoundError):
        list(alice.list_repo_tree(tree, "no/such/folder"))
    with pytest.raises(RevisionNotFoundError):
        list(alice.list_repo_tree(tree, revision="nowhere"))
    with pytest.raises(RepositoryNotFoundError):
        list(alice.list_repo_tree("alice/never-made"))


def test_tree_pages(http, url, tree):
    seen, address = [], f"/api/models/{tree}/tree/main?recursive=true&limit=2"
    while address:
        answer = http.get(address)
        assert answer.status_code == 200 and len(answer.json()) <= 2
        seen += [entry["path"] for entry in answer.json()]
        address = answer.links.get("next", {}).get("url")
        assert address is None or address.startswith(url)
    assert len(seen) == len(set(seen)) == len(FILES) + 1 + 3


def test_paths_info(alice, tree):
    wanted = ["README.md", "data", "weights.safetensors", "missing.txt", "z ü#%?.txt"]
    found = {entry.path: entry for entry in alice.get_paths_info(tree, wanted)}
    assert set(found) == set(wanted) - {"missing.txt"}
    assert isinstance(found["data"], RepoFolder)
    assert found["weights.safetensors"].lfs.sha256 == sha256(FILES["weights.safetensors"])
    expanded = alice.get_paths_info(tree, ["README.md"], expand=True)[0]
    assert expanded.last_commit.title == "fill"
    assert alice.get_paths_info(tree, ["nothing"]) == []
    with pytest.raises(RevisionNotFoundError):
        alice.get_paths_info(tree, ["README.md"], revision="nowhere")


def test_paths_info_by_form_and_by_json(http, tree):
    address = f"/api/models/{tree}/paths-info/main"
    by_form = http.post(address, data={"paths": ["README.md", "data"], "expand": "False"})
    by_json = http.post(address, json={"paths": ["README.md", "data"], "expand": False})
    assert by_form.status_code == by_json.status_code == 200
    assert by_form.json() == by_json.json()
    assert {entry["type"] for entry in by_json.json()} == {"file", "directory"}


def test_sub_paths_may_be_encoded_or_not(http, tree):
    plain = http.get(f"/api/models/{tree}/tree/main/data/deep")
    encoded = http.get(f"/api/models/{tree}/tree/main/data%2Fdeep")
    assert plain.status_code == encoded.status_code == 200
    assert plain.json() == encoded.json()


def test_file_exists(alice, tree):
    assert alice.file_exists(tree, "data/a.csv")
    assert alice.file_exists(tree, "z ü#%?.txt")
    assert not alice.file_exists(tree, "data/none.csv")
    assert not alice.file_exists(tree, "data/a.csv", revision="nowhere")
    assert not alice.file_exists("alice/never-made", "a")


def test_an_emptied_repo_lists_nothing(alice, repo):
    alice.delete_file(".gitattributes", repo)
    assert list(alice.list_repo_tree(repo)) == []
