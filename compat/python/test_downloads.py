"""Downloading: files, snapshots, caches, metadata, gated and missing things."""

import os

import pytest
from huggingface_hub import (
    CommitOperationAdd,
    HfApi,
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    snapshot_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import _CACHED_NO_EXIST

import hearth
from content import MEGABYTE, git_blob_id, noise, sha256
from people import ALICE, BOB, bearer

SMALL, LARGE = b"small text\n", noise(3 * MEGABYTE, 11)


@pytest.fixture
def filled(alice, new_repo):
    def fill(**options):
        repo = new_repo(**options)
        operations = [
            CommitOperationAdd("config.json", SMALL),
            CommitOperationAdd("weights/model.safetensors", LARGE),
            CommitOperationAdd("z ü#%?.txt", b"odd"),
        ]
        alice.create_commit(repo, operations, commit_message="fill")
        return repo

    return fill


def test_a_backslash_is_a_character_and_the_client_knows_where_it_is_more(alice, new_repo, cache):
    repo = new_repo()
    operations = [CommitOperationAdd(path, b"odd") for path in ["folder/back\\slash", "folder/..\\..\\up"]]
    alice.create_commit(repo, operations, commit_message="odd names")
    assert set(alice.list_repo_files(repo)) >= {operation.path_in_repo for operation in operations}
    path = hf_hub_download(repo, "folder/back\\slash", cache_dir=cache)
    assert open(path, "rb").read() == b"odd"
    with pytest.raises(ValueError, match="cannot contain"):
        hf_hub_download(repo, "folder/..\\..\\up", cache_dir=cache)
    for path in ["..\\up", "\\\\host\\share"]:
        with pytest.raises(HfHubHTTPError) as caught:
            alice.upload_file(path_or_fileobj=b"odd", path_in_repo=path, repo_id=repo)
        assert caught.value.response.status_code == 422


def test_download_and_cache(filled, alice, cache):
    repo = filled()
    path = hf_hub_download(repo, "weights/model.safetensors", cache_dir=cache, token=False)
    assert open(path, "rb").read() == LARGE
    assert alice.model_info(repo).sha in path
    assert os.path.basename(os.readlink(path)) == sha256(LARGE)
    path = hf_hub_download(repo, "config.json", cache_dir=cache, token=False)
    assert os.path.basename(os.readlink(path)) == git_blob_id(SMALL)
    offline = hf_hub_download(repo, "config.json", cache_dir=cache, local_files_only=True)
    assert offline == path


def test_odd_names_download(filled, cache):
    path = hf_hub_download(filled(), "z ü#%?.txt", cache_dir=cache, token=False)
    assert open(path, "rb").read() == b"odd"


def test_metadata_of_small_and_large_files(filled, alice, url):
    repo = filled()
    sha = alice.model_info(repo).sha
    small = get_hf_file_metadata(hf_hub_url(repo, "config.json"), token=False)
    assert (small.commit_hash, small.etag, small.size) == (sha, git_blob_id(SMALL), len(SMALL))
    large = get_hf_file_metadata(hf_hub_url(repo, "weights/model.safetensors"), token=False)
    assert (large.commit_hash, large.etag, large.size) == (sha, sha256(LARGE), len(LARGE))


def test_an_interrupted_download_resumes(filled, cache, by_lfs):
    repo = filled()
    path = hf_hub_download(repo, "weights/model.safetensors", cache_dir=cache, token=False)
    blob = os.path.realpath(path)
    with open(blob, "rb") as file:
        begun = file.read(MEGABYTE + 17)
    os.unlink(blob)
    os.unlink(path)
    with open(f"{blob}.incomplete", "wb") as file:
        file.write(begun)
    path = hf_hub_download(repo, "weights/model.safetensors", cache_dir=cache, token=False)
    assert open(path, "rb").read() == LARGE


def test_snapshot_download(filled, alice, cache, tmp_path):
    repo = filled()
    root = snapshot_download(repo, cache_dir=cache, token=False)
    found = {os.path.relpath(os.path.join(d, f), root) for d, _, files in os.walk(root) for f in files}
    assert found == {".gitattributes", "config.json", "weights/model.safetensors", "z ü#%?.txt"}
    assert open(f"{root}/weights/model.safetensors", "rb").read() == LARGE
    some = snapshot_download(repo, allow_patterns="*.json", local_dir=tmp_path / "here", token=False)
    assert os.listdir(some) and open(f"{some}/config.json", "rb").read() == SMALL
    assert not os.path.exists(f"{some}/weights")
    assert snapshot_download(repo, cache_dir=cache, local_files_only=True) == root


@pytest.mark.parametrize("kind", ["dataset", "space"])
def test_download_of_other_kinds(alice, new_repo, cache, kind):
    repo = new_repo(kind)
    for path, content in (("config.json", SMALL), ("large.bin", LARGE)):
        alice.upload_file(repo_id=repo, repo_type=kind, path_or_fileobj=content, path_in_repo=path)
    root = snapshot_download(repo, repo_type=kind, cache_dir=cache, token=False)
    assert open(f"{root}/config.json", "rb").read() == SMALL
    assert open(f"{root}/large.bin", "rb").read() == LARGE


def test_revisions(filled, alice, cache):
    repo = filled()
    old = alice.model_info(repo).sha
    alice.upload_file(repo_id=repo, path_or_fileobj=b"changed", path_in_repo="config.json")
    alice.create_branch(repo, branch="a/b", revision=old)
    for revision, content in (("main", b"changed"), (old, SMALL), ("a/b", SMALL), (old[:8], SMALL)):
        path = hf_hub_download(repo, "config.json", revision=revision, cache_dir=cache, token=False)
        assert open(path, "rb").read() == content, revision


def test_missing_things(filled, cache):
    repo = filled()
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(repo, "missing.json", cache_dir=cache, token=False)
    with pytest.raises(RevisionNotFoundError):
        hf_hub_download(repo, "config.json", revision="nowhere", cache_dir=cache, token=False)
    with pytest.raises(RepositoryNotFoundError):
        hf_hub_download("alice/never-made", "config.json", cache_dir=cache, token=False)
    with pytest.raises(RepositoryNotFoundError):
        snapshot_download("alice/never-made", cache_dir=cache, token=False)
    with pytest.raises(LocalEntryNotFoundError):
        hf_hub_download(repo, "config.json", cache_dir=cache / "empty", local_files_only=True)


def test_a_missing_file_is_remembered_as_missing(filled, cache):
    repo = filled()
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(repo, "optional.json", cache_dir=cache, token=False)
    assert try_to_load_from_cache(repo, "optional.json", cache_dir=cache) is _CACHED_NO_EXIST


def test_private_repos_are_missing_to_strangers(filled, cache):
    repo = filled(private=True)
    for token in (False, BOB):
        with pytest.raises(RepositoryNotFoundError):
            hf_hub_download(repo, "config.json", cache_dir=cache, token=token)
    assert hf_hub_download(repo, "config.json", cache_dir=cache, token=ALICE)


def test_gated_repos_show_but_do_not_give(filled, alice, bob, anonymous, http, cache):
    repo = filled()
    alice.update_repo_settings(repo, gated="auto")
    assert bob.model_info(repo).gated == "auto"
    assert "config.json" in bob.list_repo_files(repo)
    for token in (BOB, False):
        with pytest.raises(GatedRepoError):
            hf_hub_download(repo, "config.json", cache_dir=cache, token=token)
    answer = http.get(f"/{repo}/resolve/main/config.json", headers=bearer(BOB))
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, "GatedRepo")
    expected = f"Access to model {repo} is restricted and you are not in the authorized list"
    assert expected in answer.headers["X-Error-Message"]
    answer = http.get(f"/{repo}/resolve/main/config.json")
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (401, "GatedRepo")
    with pytest.raises(GatedRepoError):
        bob.auth_check(repo)
    assert hf_hub_download(repo, "config.json", cache_dir=cache, token=ALICE)


def test_verify_checksums(filled, alice, cache):
    repo = filled()
    snapshot_download(repo, cache_dir=cache, token=False)
    verified = alice.verify_repo_checksums(repo, cache_dir=cache)
    assert verified.checked_count == 4
    assert not verified.mismatches and not verified.missing_paths and not verified.extra_paths


def test_dry_run_tells_the_sizes(filled, cache):
    repo = filled()
    files = {f.filename: f for f in snapshot_download(repo, cache_dir=cache, dry_run=True, token=False)}
    assert files["weights/model.safetensors"].file_size == len(LARGE)
    assert all(file.will_download for file in files.values())


def test_downloads_are_counted_once_per_client(cache):
    """Counts are written from memory now and then, and when the server stops: so one serves, and the next tells."""
    with hearth.installation(os.environ.get("HEARTH_STORAGE", "sqlite")) as installation:
        with installation.serving() as url:
            alice = HfApi(endpoint=url, token=ALICE)
            repo = alice.create_repo("alice/counted").repo_id
            names = ["config.json", "weights.bin"]
            alice.create_commit(repo, [CommitOperationAdd(name, SMALL) for name in names], commit_message="fill")

            def download(name, token):
                hf_hub_download(repo, name, endpoint=url, cache_dir=cache, force_download=True, token=token)

            download("config.json", False)
            download("config.json", False)
            download("weights.bin", BOB)
        with installation.serving() as url:
            info = HfApi(endpoint=url, token=False).model_info(repo, expand=["downloads", "downloadsAllTime"])
            assert (info.downloads, info.downloads_all_time) == (1, 1)
        with installation.serving() as url:
            hf_hub_download(repo, "config.json", endpoint=url, cache_dir=cache, force_download=True, token=BOB)
        with installation.serving() as url:
            assert HfApi(endpoint=url, token=False).model_info(repo, expand=["downloads"]).downloads == 2


def test_implicit_default_endpoint_is_ours(url):
    assert constants.ENDPOINT == url
    assert HfApi().endpoint == url
