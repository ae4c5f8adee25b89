"""`hf upload` and `hf download` as they are when nobody sets anything: through Xet."""

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from content import MEGABYTE, noise, sha256
from people import ALICE_READ, BOB


def words(size: int, seed: int = 0) -> bytes:
    """Text that packs well and repeats nowhere at length."""
    chosen = random.Random(seed).choices([f"word{number} " for number in range(5000)], k=size // 6)
    return b"\0" + "".join(chosen).encode()[: size - 1]


def numbers(size: int, seed: int = 0) -> bytes:
    """Weights: of each four bytes two are noise."""
    content = bytearray(random.Random(seed).randbytes(size))
    content[2::4] = bytes([0x1C]) * len(content[2::4])
    content[3::4] = bytes([0x3D]) * len(content[3::4])
    return bytes(content)


def test_a_model_goes_up_and_down_through_xet(machine, new_machine, alice, repo, figures):
    files = {
        "model.safetensors": noise(20 * MEGABYTE, 1),
        "weights/numbers.bin": numbers(9 * MEGABYTE + 3, 2),
        "vocab.bin": words(5 * MEGABYTE + 1, 3),
        "config.json": b'{"model_type": "bert"}',
        "one.bin": b"\0",
    }
    before = figures()
    machine.upload(repo, files)
    assert before.xorbs + before.granted >= 1
    assert (before.granted > 0) == (os.environ["HEARTH_STORAGE"] == "postgres"), "by links to where they are kept"
    assert before.files >= 4
    assert 20 * MEGABYTE < before.received_bytes < 33 * MEGABYTE

    large = {path: content for path, content in files.items() if path.endswith((".bin", ".safetensors"))}
    entries = {entry.path: entry for entry in alice.get_paths_info(repo, list(large))}
    for path, content in large.items():
        assert entries[path].lfs.sha256 == sha256(content)
        assert entries[path].lfs.size == len(content)
        assert len(entries[path].xet_hash) == 64

    before = figures()
    found = new_machine().download(repo)
    assert {path: found[path] for path in files} == files
    assert before.reconstructions >= 1


def test_what_came_by_xet_is_there_for_plain_http(machine, repo, http):
    content = words(3 * MEGABYTE, 4) + numbers(3 * MEGABYTE + 2, 5) + noise(2 * MEGABYTE, 6)
    machine.upload(repo, {"file.bin": content})
    path = f"/{repo}/resolve/main/file.bin"
    answer = http.get(path)
    assert answer.status_code == 200
    assert answer.content == content
    assert answer.headers["etag"].strip('"') == sha256(content)
    assert int(answer.headers["content-length"]) == len(content)
    chance = random.Random(7)
    for _ in range(25):
        first = chance.randrange(len(content))
        last = min(len(content) - 1, first + chance.choice([0, 10, 70_000, 3_000_000]))
        part = http.get(path, headers={"Range": f"bytes={first}-{last}"})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"
        assert part.content == content[first : last + 1]
    assert http.get(path, headers={"Range": "bytes=-100"}).content == content[-100:]
    assert http.get(path, headers={"Range": f"bytes={len(content)}-"}).status_code == 416


def test_a_thousand_ranges_at_once(machine, repo, http):
    content = noise(6 * MEGABYTE, 20)
    machine.upload(repo, {"file.bin": content})
    chance = random.Random(21)
    wanted = [sorted(chance.sample(range(len(content)), 2)) for _ in range(1000)]
    wanted = [(first, min(last, first + 100_000)) for first, last in wanted]

    def is_right(ends) -> bool:
        first, last = ends
        answer = http.get(f"/{repo}/resolve/main/file.bin", headers={"Range": f"bytes={first}-{last}"})
        return answer.status_code == 206 and answer.content == content[first : last + 1]

    with ThreadPoolExecutor(100) as pool:
        assert all(pool.map(is_right, wanted))


def test_the_same_file_moves_once(machine, new_machine, new_repo, figures):
    content = noise(24 * MEGABYTE, 8)
    machine.upload(new_repo(), {"file.bin": content})
    # Another machine, another repository, another name: only the server can know.
    before, other = figures(), new_repo()
    new_machine().upload(other, {"renamed.bin": content})
    assert before.chunks_found >= 1
    assert before.received_bytes < len(content) // 100
    assert new_machine().download(other, "renamed.bin")["renamed.bin"] == content


def inserted(content: bytes, at: int, size: int) -> bytes:
    return content[:at] + noise(size, 90) + content[at:]


def changed(content: bytes, share: float) -> bytes:
    """A tensor in the middle has other numbers."""
    size = int(len(content) * share)
    start = len(content) // 3
    return content[:start] + noise(size, 91) + content[start + size :]


@pytest.mark.parametrize(
    ("edit", "share"),
    [
        pytest.param(lambda content: content + noise(200_000, 92), 0.03, id="append"),
        pytest.param(lambda content: inserted(content, 0, 1000), 0.03, id="insert-in-front"),
        pytest.param(lambda content: inserted(content, 7 * MEGABYTE, 5), 0.03, id="insert-within"),
        pytest.param(lambda content: content[300_000:], 0.03, id="remove-from-front"),
        pytest.param(lambda content: changed(content, 0.05), 0.08, id="change-5-percent"),
    ],
)
def test_an_edit_moves_what_changed(machine, new_machine, repo, figures, edit, share):
    content = noise(32 * MEGABYTE, 10)
    machine.upload(repo, {"file.bin": content})
    edited = edit(content)
    before = figures()
    machine.upload(repo, {"file.bin": edited})
    print(f"\n{before.received_bytes / len(edited):.2%} moved")
    assert before.received_bytes < share * len(content)
    assert new_machine().download(repo, "file.bin")["file.bin"] == edited


def test_many_small_files(machine, new_machine, repo):
    files = {f"part/{number}.bin": noise(1 + number * 331, number) for number in range(150)}
    machine.upload(repo, files)
    found = new_machine().download(repo)
    assert {path: found[path] for path in files} == files


def test_an_empty_file_among_others(machine, new_machine, repo):
    files = {"empty.bin": b"", "full.bin": noise(MEGABYTE, 11)}
    machine.upload(repo, files)
    found = new_machine().download(repo)
    assert {path: found[path] for path in files} == files


def test_a_private_repository(machine, new_machine, new_repo):
    repo = new_repo(private=True)
    content = noise(2 * MEGABYTE, 12)
    machine.upload(repo, {"file.bin": content})
    assert new_machine().download(repo, "file.bin", token=ALICE_READ)["file.bin"] == content
    assert "not found" in new_machine().hf("download", repo, "file.bin", token=BOB, fails=True).lower()


def test_an_upload_that_was_cut_off_goes_on(machine, new_machine, repo, figures, tmp_path):
    content = noise(60 * MEGABYTE, 13)
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "file.bin").write_bytes(content)
    before = figures()
    command = [sys.executable, "-c", CUT_OFF, repo, str(folder)]
    done = subprocess.run(command, env=machine.environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 9, done.stderr
    machine.hf("upload", repo, folder, ".")
    assert before.received_bytes < 2 * len(content)
    assert new_machine().download(repo, "file.bin")["file.bin"] == content


# Ends the process, as a crash does, when the files are there and before the commit names them.
CUT_OFF = """
import os, sys
from huggingface_hub import HfApi, _commit_api
def crash(*arguments, **options):
    os._exit(9)
_commit_api._prepare_commit_payload = crash
HfApi().upload_folder(repo_id=sys.argv[1], folder_path=sys.argv[2])
"""
