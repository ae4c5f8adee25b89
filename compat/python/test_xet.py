"""Large files by Xet, through the library: many at once, every way to read one, copies.

`compat/xet` has the commands, on machines that remember nothing.
"""

import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from huggingface_hub import CommitOperationAdd, HfApi, HfFileSystem, hf_hub_download, snapshot_download

from content import MEGABYTE, noise, sha256
from people import ALICE

RECEIVED = "hearth_xet_received_bytes_total"
FILES = "hearth_xet_files_total"


@pytest.fixture
def figures(http):
    """What the server has counted since the test began."""

    def read():
        lines = http.get("/metrics").text.splitlines()
        return {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("hearth_xet_")}

    before = read()
    return lambda: {name: value - before[name] for name, value in read().items()}


def test_snapshot_of_many_files(alice, new_repo, tmp_path, figures):
    repo = new_repo()
    contents = {f"d{n % 5}/{n}.bin": noise(1 + 700 * n, n) for n in range(120)} | {"empty.bin": b"", "one.bin": b"\0"}
    for path, content in contents.items():
        (tmp_path / "in" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / path).write_bytes(content)
    alice.upload_folder(repo_id=repo, folder_path=tmp_path / "in")
    assert figures()[FILES] >= 100
    root = snapshot_download(repo, cache_dir=tmp_path / "cache", token=False)
    for path, content in contents.items():
        assert open(os.path.join(root, path), "rb").read() == content, path


def test_one_file_is_the_same_by_every_way(alice, repo, tmp_path, http, monkeypatch):
    content = noise(7 * MEGABYTE, 5)
    oid = sha256(content)
    alice.upload_file(repo_id=repo, path_or_fileobj=content, path_in_repo="a.bin")
    entry = alice.get_paths_info(repo, "a.bin")[0]
    assert entry.lfs.sha256 == oid and re.fullmatch("[0-9a-f]{64}", entry.xet_hash)
    whole = http.get(f"/{repo}/resolve/main/a.bin")
    assert whole.content == content and whole.headers["ETag"] == f'"{oid}"'
    for first, last in [(0, 0), (1, 200_000), (3_333_333, 5_555_555), (len(content) - 1, len(content) - 1)]:
        part = http.get(f"/{repo}/resolve/main/a.bin", headers={"Range": f"bytes={first}-{last}"})
        assert part.status_code == 206 and part.content == content[first : last + 1]
    parts = http.get(f"/{repo}/resolve/main/a.bin", headers={"Range": "bytes=5-6,3000000-3000003"})
    assert parts.status_code == 206 and content[3_000_000:3_000_004] in parts.content
    assert http.get(f"/{repo}.git/info/lfs/objects/{oid}").content == content
    with HfFileSystem(endpoint=alice.endpoint, token=ALICE).open(f"{repo}/a.bin") as file:
        file.seek(4_000_000)
        assert file.read(1000) == content[4_000_000:4_001_000]
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    path = hf_hub_download(repo, "a.bin", cache_dir=tmp_path / "plain", token=False)
    assert open(path, "rb").read() == content


def test_many_at_the_same_time(alice, new_repo, url, tmp_path):
    repos = [new_repo() for _ in range(6)]
    shared = noise(3 * MEGABYTE, 8)

    def work(number):
        api, content = HfApi(endpoint=url, token=ALICE), shared + noise(MEGABYTE, 100 + number)
        api.create_commit(repos[number], [CommitOperationAdd("a.bin", content)], commit_message="weights")
        path = hf_hub_download(repos[number], "a.bin", cache_dir=tmp_path / str(number), token=ALICE)
        return open(path, "rb").read() == content

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(6)))


def test_copies_between_repositories_move_no_bytes(alice, new_repo, tmp_path, figures):
    content = noise(2 * MEGABYTE, 9)
    source, target = new_repo(private=True), new_repo()
    alice.upload_file(repo_id=source, path_or_fileobj=content, path_in_repo="a.bin")
    before = figures()[RECEIVED]
    alice.duplicate_repo(source, f"alice/{os.urandom(4).hex()}", private=True)
    alice.copy_files(f"hf://{source}/a.bin", f"hf://{target}/b.bin")
    assert figures()[RECEIVED] == before
    path = hf_hub_download(target, "b.bin", cache_dir=tmp_path / "cache", token=False)
    assert open(path, "rb").read() == content
