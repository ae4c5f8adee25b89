"""Copies of large files between repositories: no byte moves, however the file came."""

import time

import hearth
import httpx2
from conftest import Figures, Machine
from content import MEGABYTE, noise
from huggingface_hub import HfApi

from people import ALICE


def test_copies_between_repositories_move_no_bytes(machine, new_machine, alice, new_repo, figures):
    source, target, whole = new_repo(), new_repo(), new_repo(repo_type="dataset")
    files = {"a.bin": noise(9 * MEGABYTE, 40), "part/b.bin": noise(MEGABYTE, 41), "config.json": b"{}"}
    machine.upload(source, files)
    before = figures()
    machine.hf("cp", f"hf://{source}/a.bin", f"hf://{target}/copied/c.bin")
    machine.hf("cp", f"hf://{source}/", f"hf://datasets/{whole}/")
    assert before.received_bytes == 0
    assert new_machine().download(target, "copied/c.bin")["copied/c.bin"] == files["a.bin"]
    found = new_machine().download(whole, "--repo-type", "dataset")
    assert {path: found[path] for path in files} == files
    duplicate = alice.duplicate_repo(source, f"{target}-twin")
    assert before.received_bytes == 0
    found = new_machine().download(duplicate.repo_id)
    assert {path: found[path] for path in files} == files


def test_what_came_by_lfs_can_be_copied_soon(tmp_path):
    """Clients name chunks in a copy, so a file that came in one piece can be copied once it lies in chunks: however small it is."""
    with hearth.installation("sqlite") as own:
        own.environment |= {"HEARTH_XET__CHUNK_SECS": "1"}
        with own.serving() as url, httpx2.Client(base_url=url, timeout=60) as client:
            api = HfApi(endpoint=url, token=ALICE)
            for name in ("source", "target"):
                api.create_repo(f"alice/{name}")
            files = {"large.bin": noise(3 * MEGABYTE, 42), "small.bin": noise(1000, 43)}
            figures = Figures(client)
            for path, content in files.items():
                # Without Xet, which the test process has switched off.
                api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id="alice/source")
            deadline = time.monotonic() + 60
            while not all(entry.xet_hash for entry in api.get_paths_info("alice/source", list(files))):
                assert time.monotonic() < deadline, "the files are put into chunks"
                time.sleep(0.1)
            machine = Machine(tmp_path / "home", url)
            for path in files:
                machine.hf("cp", f"hf://alice/source/{path}", f"hf://alice/target/{path}")
            assert figures.received_bytes == 0
            found = machine.download("alice/target")
            assert {path: found[path] for path in files} == files
