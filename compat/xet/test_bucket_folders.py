"""Folders of buckets: `hf buckets sync`, copies from everywhere, HfFileSystem, and following changes as they happen."""

import json
import os
import threading
import time
from pathlib import Path

import pytest
from huggingface_hub import HfApi, HfFileSystem
from huggingface_hub.errors import EntryNotFoundError

from content import MEGABYTE, noise
from people import ALICE, CAROL
from test_buckets import bucket, name, paths  # noqa: F401


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_sync_goes_both_ways_with_plans(machine, alice, bucket, tmp_path):  # noqa: F811
    files = {"a.txt": b"one", "sub/b.bin": noise(MEGABYTE, 21), "sub/.git/config": b"", "c.tmp": b"t"}
    local = write(tmp_path / "local", files)
    target = f"hf://buckets/{bucket}"
    plan = alice.sync_bucket(str(local), target, exclude=["*.tmp"], dry_run=True)
    assert plan.summary()["uploads"] == 3 and paths(alice, bucket) == []
    alice.sync_bucket(str(local), target, exclude=["*.tmp"], quiet=True)
    assert paths(alice, bucket) == ["a.txt", "sub/.git/config", "sub/b.bin"]
    again = alice.sync_bucket(str(local), target, quiet=True, exclude=["*.tmp"])
    assert again.summary()["uploads"] == 0 and again.summary()["skips"] == 3

    (local / "a.txt").write_bytes(b"longer")
    (local / "sub/b.bin").unlink()
    saved = tmp_path / "plan.jsonl"
    machine.hf("buckets", "sync", local, target, "--delete", "--exclude", "*.tmp", "--plan", saved)
    actions = {line["path"]: line["action"] for line in map(json.loads, saved.read_text().splitlines()[1:])}
    assert actions == {"a.txt": "upload", "sub/.git/config": "skip", "sub/b.bin": "delete"}
    assert len(paths(alice, bucket)) == 3
    machine.hf("buckets", "sync", "--apply", saved)
    assert paths(alice, bucket) == ["a.txt", "sub/.git/config"]

    down = tmp_path / "down"
    machine.hf("sync", target, down)
    assert read(down) == {"a.txt": b"longer", "sub/.git/config": b""}
    write(down, {"extra": b"e"})
    machine.hf("buckets", "sync", f"{target}/sub", down / "sub", "--delete")
    assert (down / "extra").exists()
    machine.hf("buckets", "sync", target, down, "--delete")
    assert read(down) == {"a.txt": b"longer", "sub/.git/config": b""}
    # An older local file gives way, and a prefix without files is empty rather than missing.
    os.utime(down / "a.txt", (1, 1))
    assert alice.sync_bucket(target, str(down), dry_run=True).summary()["downloads"] == 1
    assert alice.sync_bucket(str(down), f"{target}/new/place", dry_run=True).summary()["uploads"] == 2
    assert alice.sync_bucket(str(down), "hf://buckets/alice/not-yet", dry_run=True).summary()["uploads"] == 2


def test_files_are_copied_without_moving_bytes(alice, bucket, new_repo, machine, figures, url, http):  # noqa: F811
    repo = new_repo()
    content = noise(2 * MEGABYTE, 22)
    machine.upload(repo, {"big.bin": content, "config.json": b"{}", "sub/more.bin": content[::-1]})
    before = figures()
    alice.copy_files(f"hf://{repo}/", f"hf://buckets/{bucket}/model/")
    assert paths(alice, bucket) == ["model/big.bin", "model/config.json", "model/sub/more.bin"]
    assert before.received_bytes < 10_000
    before = figures()
    other = alice.create_bucket(f"{bucket}-other").bucket_id
    alice.copy_files(f"hf://buckets/{bucket}/model/big.bin", f"hf://buckets/{other}/")
    alice.copy_files(f"hf://buckets/{bucket}/model", f"hf://buckets/{other}/copy")
    alice.copy_files(f"hf://buckets/{bucket}/model", f"hf://buckets/{other}/copy")
    alice.copy_files(f"hf://buckets/{bucket}/model/sub/", f"hf://buckets/{other}")
    assert before.received_bytes == 0
    assert paths(alice, other) == [
        "big.bin", "copy/big.bin", "copy/config.json", "copy/model/big.bin", "copy/model/config.json",
        "copy/model/sub/more.bin", "copy/sub/more.bin", "more.bin",
    ]  # fmt: skip
    # The copy does not need where it came from.
    alice.delete_repo(repo)
    alice.delete_bucket(bucket)
    assert http.get(f"/buckets/{other}/resolve/copy/big.bin").content == content
    with pytest.raises(EntryNotFoundError):
        alice.copy_files(f"hf://buckets/{other}/nothing", f"hf://buckets/{other}/x")
    with pytest.raises(ValueError, match="not supported"):
        alice.copy_files(f"hf://buckets/{other}/big.bin", f"hf://{new_repo()}/x")


def test_a_file_system(alice, bucket, url, tmp_path):  # noqa: F811
    fs = HfFileSystem(endpoint=url, token=ALICE, skip_instance_cache=True)
    root = f"hf://buckets/{bucket}"
    content = noise(MEGABYTE, 23)
    assert fs.ls(root) == []
    with fs.open(f"{root}/data/train.bin", "wb") as file:
        file.write(content)
    fs.pipe_file(f"{root}/data_other/x.txt", b"0123456789")
    fs.invalidate_cache()
    plain = f"buckets/{bucket}"
    assert fs.ls(root, detail=False) == [f"{plain}/data", f"{plain}/data_other"]
    assert fs.ls(f"{root}/data", detail=False) == [f"{plain}/data/train.bin"]
    assert fs.ls(f"{root}/data/train.bin", detail=False) == [f"{plain}/data/train.bin"]
    assert fs.isdir(f"{root}/data") and fs.isfile(f"{root}/data/train.bin")
    assert not fs.exists(f"{root}/dat") and not fs.exists(f"{root}/data/nothing")
    assert fs.info(f"{root}/data/train.bin")["size"] == MEGABYTE
    assert fs.modified(f"{root}/data/train.bin") is not None
    assert fs.cat_file(f"{root}/data/train.bin") == content
    assert fs.cat_file(f"{root}/data_other/x.txt", start=2, end=5) == b"234"
    with fs.open(f"{root}/data/train.bin", "rb", block_size=65536) as file:
        file.seek(500_000)
        assert file.read(10) == content[500_000:500_010]
    assert sorted(fs.find(root)) == [f"{plain}/data/train.bin", f"{plain}/data_other/x.txt"]
    assert fs.glob(f"{root}/**/*.bin") == [f"{plain}/data/train.bin"]
    assert sorted(fs.find(root, withdirs=True)) == [
        plain, f"{plain}/data", f"{plain}/data/train.bin", f"{plain}/data_other", f"{plain}/data_other/x.txt",
    ]  # fmt: skip
    fs.get_file(f"{root}/data/train.bin", str(tmp_path / "t.bin"))
    assert (tmp_path / "t.bin").read_bytes() == content
    fs.cp_file(f"{root}/data/train.bin", f"{root}/copied.bin")
    assert fs.cat_file(f"{root}/copied.bin") == content
    assert fs.url(f"{root}/data/train.bin") == f"{url}/buckets/{bucket}/resolve/data/train.bin"
    fs.rm(f"{root}/data", recursive=True)
    fs.rm_file(f"{root}/copied.bin")
    assert sorted(fs.find(root)) == [f"{plain}/data_other/x.txt"]
    with pytest.raises(FileNotFoundError):
        fs.ls(f"{root}/data")
    with pytest.raises(FileNotFoundError):
        fs.ls("hf://buckets/alice/no-such-bucket")
    alice.update_bucket_settings(bucket, private=True)
    with pytest.raises(FileNotFoundError):
        HfFileSystem(endpoint=url, token=CAROL, skip_instance_cache=True).ls(root)


def events(http, bucket, until, **params):  # noqa: F811
    """Reads events until one of them fits; answers all."""
    found, name = [], None
    headers = {"Authorization": f"Bearer {ALICE}"}
    with http.stream("GET", f"/api/buckets/{bucket}/events", params=params, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.read()
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line[7:]
            if line.startswith("data: "):
                found.append((name, json.loads(line[6:])))
                if until(*found[-1]):
                    return found


def test_changes_are_told_as_they_happen(alice, bucket, http, url):  # noqa: F811
    begin = http.get(f"/api/buckets/{bucket}").json()["updatedAt"]
    alice.batch_bucket_files(bucket, add=[(b"one", "a"), (b"two", "d/b")])
    [(first, told), (second, ready)] = events(http, bucket, lambda name, _: name == "ready", since=begin)
    assert (first, second) == ("changes", "ready") and told["cursor"] == ready["cursor"]
    assert [(change["path"], change["op"], change["size"]) for change in told["changes"]] == [
        ("a", "add", 3),
        ("d/b", "add", 3),
    ]
    assert all(change.keys() >= {"xetHash", "uploadedAt", "mtime"} for change in told["changes"])
    # The bucket's own moment is where everything has been told.
    now = http.get(f"/api/buckets/{bucket}").json()["updatedAt"]
    assert [name for name, _ in events(http, bucket, lambda name, _: name == "ready", since=now)] == ["ready"]

    later = threading.Timer(0.5, alice.batch_bucket_files, [bucket], {"add": [(b"three", "a")], "delete": ["d/b"]})
    later.start()
    found = events(http, bucket, lambda name, _: name == "changes", cursor=ready["cursor"])
    later.join()
    assert [name for name, _ in found] == ["ready", "changes"]
    assert [(change["path"], change["op"]) for change in found[1][1]["changes"]] == [("a", "update"), ("d/b", "delete")]

    for wrong in ({"cursor": "x"}, {"since": "yesterday"}):
        assert http.get(f"/api/buckets/{bucket}/events", params=wrong).status_code == 400
    [(name, _)] = events(http, bucket, lambda *_: True, cursor="1-5")  # noqa: F811
    assert name == "reset"
    assert http.get("/api/buckets/alice/no-such-bucket/events").status_code == 401


def test_a_file_system_follows_a_bucket(alice, bucket, url):  # noqa: F811
    fs = HfFileSystem(endpoint=url, token=ALICE, live_follow=True, skip_instance_cache=True)
    root = f"buckets/{bucket}"
    assert fs.ls(root) == []
    alice.batch_bucket_files(bucket, add=[(b"x", "new.txt")])
    deadline = time.monotonic() + 30
    while fs.ls(root, detail=False) != [f"{root}/new.txt"]:
        assert time.monotonic() < deadline, "the change was not told"
        time.sleep(0.2)
