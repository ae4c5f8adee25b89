"""Repositories as such: create, delete, move, settings, duplicate, existence."""

import pytest
from huggingface_hub import RepoCard, hf_hub_download
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError

from content import MEGABYTE, noise
from people import ALICE, bearer

KINDS = ["model", "dataset", "space"]


@pytest.mark.parametrize("kind", KINDS)
def test_create_and_delete(alice, new_repo, kind):
    repo = new_repo(kind)
    assert alice.repo_exists(repo, repo_type=kind)
    alice.delete_repo(repo, repo_type=kind)
    assert not alice.repo_exists(repo, repo_type=kind)
    with pytest.raises(RepositoryNotFoundError):
        alice.delete_repo(repo, repo_type=kind)
    alice.delete_repo(repo, repo_type=kind, missing_ok=True)


@pytest.mark.parametrize("kind,prefix", [("model", ""), ("dataset", "datasets/"), ("space", "spaces/")])
def test_create_answers_the_page_of_the_repo(alice, new_name, url, kind, prefix):
    name = new_name()
    sdk = "static" if kind == "space" else None
    created = alice.create_repo(f"alice/{name}", repo_type=kind, space_sdk=sdk)
    assert str(created) == f"{url}/{prefix}alice/{name}"
    assert (created.repo_type, created.namespace, created.repo_name) == (kind, "alice", name)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_name_is_free_in_another_kind(alice, new_name, kind):
    name = f"alice/{new_name()}"
    for one in KINDS:
        alice.create_repo(name, repo_type=one, space_sdk="static" if one == "space" else None)
    alice.delete_repo(name, repo_type=kind)
    assert [alice.repo_exists(name, repo_type=one) for one in KINDS] == [one != kind for one in KINDS]


def test_create_twice_is_a_conflict_that_names_the_url(alice, http, url, repo):
    with pytest.raises(HfHubHTTPError) as caught:
        alice.create_repo(repo)
    assert caught.value.response.status_code == 409
    body = caught.value.response.json()
    assert body["url"] == f"{url}/{repo}"
    assert body["error"]
    assert alice.create_repo(repo, exist_ok=True).repo_id == repo


def test_exist_ok_on_a_readable_foreign_repo(bob, repo):
    assert bob.create_repo(repo, exist_ok=True).repo_id == repo


def test_a_new_repo_has_one_commit_with_gitattributes(alice, repo):
    commits = alice.list_repo_commits(repo)
    assert [commit.title for commit in commits] == ["initial commit"]
    assert alice.list_repo_files(repo) == [".gitattributes"]


@pytest.mark.parametrize("sdk", ["gradio", "streamlit", "docker", "static"])
def test_a_space_knows_its_sdk(alice, new_repo, sdk):
    repo = new_repo("space", space_sdk=sdk)
    assert alice.space_info(repo).sdk == sdk
    # As on the original, a Space is born with a card, which clients count on when they change it.
    assert alice.list_repo_files(repo, repo_type="space") == [".gitattributes", "README.md"]
    assert RepoCard.load(repo, repo_type="space", token=ALICE).data.sdk == sdk


@pytest.mark.parametrize("name", ["a--b", ".git", "-x", "x.git", "x" * 200, "ü", "a b", "..", ""])
def test_bad_names_are_refused(http, name):
    answer = http.post("/api/repos/create", json={"name": name}, headers=bearer(ALICE))
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["error"]


def test_visibility(alice, bob, anonymous, new_repo):
    repo = new_repo(private=True)
    assert alice.model_info(repo).private
    for api in (bob, anonymous):
        with pytest.raises(RepositoryNotFoundError):
            api.model_info(repo)
    alice.update_repo_settings(repo, private=False)
    assert not anonymous.model_info(repo).private
    alice.update_repo_settings(repo, visibility="private")
    assert not anonymous.repo_exists(repo)


def test_settings_gated(alice, repo):
    assert alice.model_info(repo).gated is False
    for gated in ("auto", "manual", False):
        alice.update_repo_settings(repo, gated=gated)
        assert alice.model_info(repo).gated == gated


def test_settings_need_the_right(bob, repo):
    with pytest.raises(HfHubHTTPError) as caught:
        bob.update_repo_settings(repo, private=True)
    assert caught.value.response.status_code == 403


def test_delete_needs_the_right(alice, bob, repo):
    with pytest.raises(HfHubHTTPError) as caught:
        bob.delete_repo(repo)
    assert caught.value.response.status_code == 403
    assert alice.repo_exists(repo)


def test_move_keeps_everything_and_the_old_name(alice, http, new_repo, new_name, cache):
    old, new = new_repo(), f"acme/{new_name()}"
    alice.upload_file(repo_id=old, path_or_fileobj=b"hello", path_in_repo="a.txt")
    sha = alice.model_info(old).sha
    alice.move_repo(old, new)
    info = alice.model_info(new)
    assert (info.id, info.sha) == (new, sha)
    # Old names lead on, for the API and for downloads; the redirect is relative.
    assert alice.model_info(old).id == new
    path = hf_hub_download(old, "a.txt", cache_dir=cache, token=ALICE)
    assert open(path, "rb").read() == b"hello"
    answer = http.head(f"/{old}/resolve/main/a.txt")
    assert answer.status_code == 307
    assert answer.headers["Location"].startswith(f"/{new}/resolve/main/a.txt")
    # Writing through the old name works too.
    alice.upload_file(repo_id=old, path_or_fileobj=b"2", path_in_repo="b.txt")
    assert "b.txt" in alice.list_repo_files(new)


def test_move_onto_an_existing_repo(alice, new_repo):
    one, two = new_repo(), new_repo()
    with pytest.raises(HfHubHTTPError, match=f"A model repository called {two} already exists"):
        alice.move_repo(one, two)


def test_move_needs_rights_on_both_sides(alice, bob, repo, new_name):
    with pytest.raises(HfHubHTTPError):
        bob.move_repo(repo, f"bob/{new_name()}")
    with pytest.raises(HfHubHTTPError):
        alice.move_repo(repo, f"bob/{new_name()}")
    assert alice.model_info(repo).id == repo


@pytest.mark.parametrize("kind", KINDS)
def test_duplicate(alice, bob, new_repo, new_name, kind, tmp_path):
    source = new_repo(kind)
    large = noise(2 * MEGABYTE)
    alice.upload_file(repo_id=source, repo_type=kind, path_or_fileobj=b"small", path_in_repo="a.txt")
    alice.upload_file(repo_id=source, repo_type=kind, path_or_fileobj=large, path_in_repo="large.bin")
    copy = f"bob/{new_name()}"
    answer = bob.duplicate_repo(source, copy, repo_type=kind, private=True)
    assert answer.repo_id == copy
    assert bob.repo_info(copy, repo_type=kind).private
    path = bob.hf_hub_download(copy, "large.bin", repo_type=kind, cache_dir=tmp_path)
    assert open(path, "rb").read() == large
    # The two live apart from then on.
    alice.delete_repo(source, repo_type=kind)
    path = bob.hf_hub_download(copy, "large.bin", repo_type=kind, cache_dir=tmp_path / "2")
    assert open(path, "rb").read() == large
    with pytest.raises(HfHubHTTPError) as caught:
        alice.create_repo(source, repo_type=kind, space_sdk="static" if kind == "space" else None)
        bob.duplicate_repo(source, copy, repo_type=kind)
    assert caught.value.response.status_code == 409
    assert bob.duplicate_repo(source, copy, repo_type=kind, exist_ok=True).repo_id == copy


def test_a_kernel_is_a_repo_too(alice, new_name):
    repo = f"alice/{new_name()}"
    alice.create_repo(repo, repo_type="kernel")
    alice.upload_file(repo_id=repo, repo_type="kernel", path_or_fileobj=b"x", path_in_repo="build.toml")
    assert alice.kernel_info(repo).id == repo
    alice.delete_repo(repo, repo_type="kernel")


def test_a_single_segment_is_a_missing_repo(anonymous, cache):
    with pytest.raises(RepositoryNotFoundError):
        anonymous.model_info("gpt2")
    with pytest.raises(RepositoryNotFoundError):
        anonymous.hf_hub_download("gpt2", "config.json", cache_dir=cache)


def test_bad_request_is_bad_request(alice, repo):
    with pytest.raises(BadRequestError):
        alice.model_info(repo, expand=["nonsense"])
