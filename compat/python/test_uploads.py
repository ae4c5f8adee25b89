"""Uploading: files, folders, large files by both of their ways, and what the server refuses."""

import base64
import io
import subprocess
import sys

import pytest
from huggingface_hub import CommitOperationAdd

from content import MEGABYTE, noise, sha256
from people import ALICE, bearer


def download(alice, repo, path, tmp_path):
    with open(alice.hf_hub_download(repo, path, cache_dir=tmp_path / "cache"), "rb") as file:
        return file.read()


@pytest.mark.parametrize(
    "content",
    [b"", b"small\n", b"x" * 600, noise(1000), noise(3 * MEGABYTE), b"text " * (3 * MEGABYTE)],
    ids=["empty", "text", "past the sample", "binary", "large binary", "15 MB of text"],
)
@pytest.mark.parametrize("path", ["file.txt", "deep/er/file.bin"])
def test_upload_file_round_trip(alice, repo, tmp_path, content, path):
    alice.upload_file(repo_id=repo, path_or_fileobj=content, path_in_repo=path)
    assert download(alice, repo, path, tmp_path) == content


def test_clients_without_xet_upload_and_download_by_lfs(by_lfs, alice, repo, tmp_path, http):
    content = noise(3 * MEGABYTE, 4)
    alice.upload_file(repo_id=repo, path_or_fileobj=content, path_in_repo="by-lfs.bin")
    assert "X-Xet-Hash" not in http.head(f"/{repo}/resolve/main/by-lfs.bin").headers
    assert download(alice, repo, "by-lfs.bin", tmp_path) == content


def test_a_large_upload_travels_in_parts(by_lfs, alice, repo, tmp_path, http):
    """12 MB are three parts, as the server under test is set up; the last one is short."""
    content = noise(12 * MEGABYTE + 1, 5)
    answer = batch(http, repo, sha256(content), len(content)).json()
    assert answer["transfer"] == "multipart"
    alice.upload_file(repo_id=repo, path_or_fileobj=content, path_in_repo="large.bin")
    assert download(alice, repo, "large.bin", tmp_path) == content


def test_upload_from_path_and_from_file_object(alice, repo, tmp_path):
    file = tmp_path / "local.bin"
    file.write_bytes(noise(MEGABYTE))
    alice.upload_file(repo_id=repo, path_or_fileobj=file, path_in_repo="from-path.bin")
    alice.upload_file(repo_id=repo, path_or_fileobj=io.BytesIO(b"object"), path_in_repo="from-object.txt")
    assert download(alice, repo, "from-path.bin", tmp_path) == noise(MEGABYTE)
    assert download(alice, repo, "from-object.txt", tmp_path) == b"object"


def test_upload_to_datasets_and_spaces(alice, new_repo, tmp_path):
    for kind in ("dataset", "space"):
        repo = new_repo(kind)
        alice.upload_file(repo_id=repo, repo_type=kind, path_or_fileobj=noise(MEGABYTE), path_in_repo="a.bin")
        path = alice.hf_hub_download(repo, "a.bin", repo_type=kind, cache_dir=tmp_path)
        assert open(path, "rb").read() == noise(MEGABYTE)


def test_what_is_large_is_said_by_gitattributes_size_and_content(http, repo):
    files = [
        ("notes.txt", b"text", 4),
        ("model.safetensors", b"text", 4),
        ("saved_model/anything.pb", b"text", 4),
        ("huge.txt", b"text", 11 * MEGABYTE),
        ("binary.unknown", noise(512), 2 * MEGABYTE),
    ]
    body = {"files": [{"path": p, "sample": base64.b64encode(s).decode(), "size": n} for p, s, n in files]}
    answer = http.post(f"/api/models/{repo}/preupload/main", json=body, headers=bearer(ALICE))
    assert answer.status_code == 200, answer.text
    modes = {file["path"]: file["uploadMode"] for file in answer.json()["files"]}
    assert modes["notes.txt"] == "regular"
    assert modes["model.safetensors"] == "lfs"
    assert modes["huge.txt"] == "lfs"
    assert all(file["shouldIgnore"] is False for file in answer.json()["files"])


def test_gitignore_is_honoured(alice, repo):
    alice.upload_file(repo_id=repo, path_or_fileobj=b"*.log\nsecret/\n", path_in_repo=".gitignore")
    operations = [CommitOperationAdd(path, b"x") for path in ("a.log", "secret/key", "kept.txt")]
    alice.create_commit(repo, operations, commit_message="some of it")
    assert sorted(alice.list_repo_files(repo)) == [".gitattributes", ".gitignore", "kept.txt"]


def test_own_gitattributes_decide(alice, repo):
    alice.upload_file(
        repo_id=repo, path_or_fileobj=b"*.txt filter=lfs diff=lfs merge=lfs -text\n", path_in_repo=".gitattributes"
    )
    alice.upload_file(repo_id=repo, path_or_fileobj=b"now large", path_in_repo="a.txt")
    assert alice.get_paths_info(repo, "a.txt")[0].lfs.sha256 == sha256(b"now large")


def make_folder(root, count):
    for number in range(count):
        file = root / f"part-{number % 7}" / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content {number}")
    (root / "weights.bin").write_bytes(noise(MEGABYTE))
    (root / "empty").write_bytes(b"")


def test_upload_folder(alice, repo, tmp_path):
    make_folder(tmp_path / "in", 300)
    alice.upload_folder(repo_id=repo, folder_path=tmp_path / "in", path_in_repo="sub")
    files = alice.list_repo_files(repo)
    assert len(files) == 300 + 2 + 1
    assert download(alice, repo, "sub/part-1/8.txt", tmp_path) == b"content 8"
    assert download(alice, repo, "sub/weights.bin", tmp_path) == noise(MEGABYTE)
    assert download(alice, repo, "sub/empty", tmp_path) == b""
    # The same folder again changes nothing.
    sha = alice.model_info(repo).sha
    alice.upload_folder(repo_id=repo, folder_path=tmp_path / "in", path_in_repo="sub")
    assert alice.model_info(repo).sha == sha


def test_upload_folder_with_patterns(alice, repo, tmp_path):
    for name in ("a.txt", "b.log", "c.bin", "d/e.txt"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    alice.upload_folder(repo_id=repo, folder_path=tmp_path / "in", allow_patterns=["*.txt"], ignore_patterns="d/*")
    assert sorted(alice.list_repo_files(repo)) == [".gitattributes", "a.txt"]
    (tmp_path / "in" / "a.txt").unlink()
    alice.upload_folder(repo_id=repo, folder_path=tmp_path / "in", delete_patterns="*.txt")
    assert sorted(alice.list_repo_files(repo)) == [".gitattributes", "b.log", "c.bin", "d/e.txt"]


PIPELINE = """
import sys
from huggingface_hub import HfApi
HfApi(token=sys.argv[3]).upload_folder(repo_id=sys.argv[1], folder_path=sys.argv[2])
"""


def test_upload_folder_as_a_pipeline_of_commits(alice, repo, tmp_path):
    """What a client with Xet does with many small files: several commits, none of them by Xet."""
    for number in range(600):
        file = tmp_path / "in" / f"{number % 10}" / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{number}")
    arguments = [sys.executable, "-c", PIPELINE, repo, str(tmp_path / "in"), ALICE]
    subprocess.run(arguments, check=True, timeout=120)
    assert len(alice.list_repo_files(repo)) == 601
    assert len(alice.list_repo_commits(repo)) > 2


def test_preupload_lfs_files_commits_later(alice, repo, tmp_path):
    additions = [CommitOperationAdd(f"shard-{number}.bin", noise(MEGABYTE, number)) for number in range(3)]
    for addition in additions:
        alice.preupload_lfs_files(repo, additions=[addition])
    assert alice.list_repo_files(repo) == [".gitattributes"]
    alice.create_commit(repo, additions, commit_message="all shards")
    assert download(alice, repo, "shard-2.bin", tmp_path) == noise(MEGABYTE, 2)


def batch(http, repo, oid, size, operation="upload", token=ALICE, transfers=("basic", "multipart"), ref=None):
    return http.post(
        f"/{repo}.git/info/lfs/objects/batch",
        json={
            "operation": operation,
            "transfers": list(transfers),
            "objects": [{"oid": oid, "size": size}],
            "hash_algo": "sha256",
        }
        | ({"ref": {"name": ref}} if ref else {}),
        headers=bearer(token) | {"Accept": "application/vnd.git-lfs+json"},
    )


def test_an_upload_of_other_bytes_is_refused(http, alice, repo):
    content, other = noise(1000, 100), noise(1000, 101)
    answer = batch(http, repo, sha256(content), len(content)).json()["objects"][0]
    action = answer["actions"]["upload"]
    import httpx2

    put = httpx2.put(action["href"], content=other)
    verify = answer["actions"].get("verify")
    if put.status_code < 400 and verify:
        put = httpx2.post(
            verify["href"], json={"oid": sha256(content), "size": 1000}, headers=verify.get("header", bearer(ALICE))
        )
    assert 400 <= put.status_code < 500, put.text
    # Nothing is left: the server still asks for the content.
    assert "upload" in batch(http, repo, sha256(content), len(content)).json()["objects"][0]["actions"]


def test_an_upload_needs_no_credentials_but_the_link(http, alice, repo, tmp_path):
    content = noise(1000, 102)
    action = batch(http, repo, sha256(content), len(content)).json()["objects"][0]["actions"]["upload"]
    import httpx2

    assert httpx2.put(action["href"], content=content).status_code == 200


def test_lfs_batch_needs_rights(http, repo):
    from people import ALICE_READ, BOB

    # Whoever may read may propose, and bring what the proposal needs; a branch takes a writer.
    for token, ref in ((ALICE_READ, None), (ALICE_READ, "refs/heads/main"), (BOB, "refs/heads/main")):
        answer = batch(http, repo, sha256(b"x"), 1, token=token, ref=ref)
        assert answer.status_code == 403, answer.text
    assert batch(http, repo, sha256(b"x"), 1, token=BOB, ref="refs/pr/1").status_code == 200
    assert http.post(f"/{repo}.git/info/lfs/objects/batch", json={}).status_code in (400, 401, 422)


def test_lfs_download_of_what_is_not_there(http, repo):
    answer = batch(http, repo, sha256(b"nothing"), 7, operation="download")
    assert answer.status_code == 200
    assert answer.json()["objects"][0]["error"]["code"] == 404


def test_knowing_a_hash_is_no_right_to_read(http, alice, bob, new_repo, new_name):
    content = noise(2000, 103)
    secret = new_repo(private=True)
    alice.upload_file(repo_id=secret, path_or_fileobj=content, path_in_repo="a.bin")
    other = bob.create_repo(f"bob/{new_name()}").repo_id
    from people import BOB

    answer = batch(http, other, sha256(content), len(content), operation="download", token=BOB)
    assert answer.json()["objects"][0]["error"]["code"] == 404


def test_list_and_purge_lfs_files(alice, repo):
    keep, drop = noise(MEGABYTE, 200), noise(MEGABYTE, 201)
    alice.upload_file(repo_id=repo, path_or_fileobj=keep, path_in_repo="keep.bin")
    alice.upload_file(repo_id=repo, path_or_fileobj=drop, path_in_repo="drop.bin")
    alice.create_branch(repo, branch="side")
    alice.upload_file(repo_id=repo, path_or_fileobj=noise(9), path_in_repo="aside.bin", revision="side")
    files = {file.filename: file for file in alice.list_lfs_files(repo)}
    places = {name: file.ref for name, file in files.items()}
    assert places == {"keep.bin": "main", "drop.bin": "main", "aside.bin": "side"}
    assert files["drop.bin"].file_oid == sha256(drop)
    assert files["drop.bin"].size == len(drop)
    alice.permanently_delete_lfs_files(repo, [files["drop.bin"]])
    assert {file.filename for file in alice.list_lfs_files(repo)} == {"keep.bin", "aside.bin"}
    assert "drop.bin" not in alice.list_repo_files(repo)
    assert "keep.bin" in alice.list_repo_files(repo)


def test_work_in_the_background(alice, repo):
    assert alice.run_as_future(alice.whoami).result()["name"] == "alice"
    upload = alice.upload_file(repo_id=repo, path_or_fileobj=b"1", path_in_repo="later.txt", run_as_future=True)
    assert upload.result().oid == alice.model_info(repo).sha
    assert "later.txt" in alice.list_repo_files(repo)


def test_folders_of_many_files(alice, repo, tmp_path):
    for number in range(1500):
        folder = tmp_path / f"f{number % 5}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.txt").write_text(str(number))
    alice.upload_folder(repo_id=repo, folder_path=tmp_path)
    assert len(alice.list_repo_files(repo)) == 1501
    alice.delete_folder("f3", repo_id=repo)
    alice.delete_files(repo, ["f4/*"])
    assert len(alice.list_repo_files(repo)) == 901
