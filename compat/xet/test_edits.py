"""What a second version costs, of files as people have them: weights, quantised weights, tables."""

import io
import json
import random
import struct

import pyarrow
import pyarrow.parquet
import pytest

from content import MEGABYTE


def tensor(size: int, seed: int) -> bytes:
    """Weights in bfloat16: of each two bytes one is noise."""
    chance = random.Random(seed)
    content = bytearray(chance.randbytes(size))
    content[1::2] = bytes(chance.choices([0x3B, 0x3C, 0x3D, 0xBB, 0xBC, 0xBD], k=size // 2))
    return bytes(content)


def safetensors(seeds: list[int]) -> bytes:
    """One tensor of a megabyte for each seed."""
    header = {
        f"layer.{number}.weight": {
            "dtype": "BF16",
            "shape": [512, 1024],
            "data_offsets": [number * MEGABYTE, (number + 1) * MEGABYTE],
        }
        for number in range(len(seeds))
    }
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(tensor(MEGABYTE, seed) for seed in seeds)


def gguf(layers: list[tuple[int, int]]) -> bytes:
    """Quantised layers, each of a size that its quantisation gives it."""

    def name(text: str) -> bytes:
        return struct.pack("<Q", len(text)) + text.encode()

    header = b"GGUF" + struct.pack("<IQQ", 3, len(layers), 1)
    header += name("general.architecture") + struct.pack("<I", 8) + name("llama")
    data = b""
    for number, (size, seed) in enumerate(layers):
        header += name(f"blk.{number}.weight") + struct.pack("<IQIQ", 1, size, 8, len(data))
        data += random.Random(seed).randbytes(size)
    return header + bytes(-len(header) % 32) + data


def parquet(rows: int) -> bytes:
    """A table whose first rows are the same however many there are, written so that pages follow the content."""
    chance = random.Random(1)
    table = pyarrow.table(
        {
            "id": range(rows),
            "text": [f"{chance.getrandbits(200):x}" for _ in range(rows)],
            "score": [chance.random() for _ in range(rows)],
        }
    )
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file, use_content_defined_chunking=True, compression="snappy")
    return file.getvalue()


TENSORS = list(range(40))
FINE_TUNED = TENSORS[:22] + [100, 101] + TENSORS[24:]
LAYERS = [(MEGABYTE, seed) for seed in range(200, 230)]
# A third of the layers is quantised anew and smaller; all others lie elsewhere now.
QUANTISED_ANEW = [(900_000, seed + 100) if seed % 3 == 0 else (size, seed) for size, seed in LAYERS]


@pytest.fixture
def moved_by(machine, repo, figures, new_machine):
    """Uploads two versions and answers which share of the second one moved."""

    def move(path: str, first: bytes, second: bytes, second_machine) -> float:
        machine.upload(repo, {path: first})
        before = figures()
        second_machine.upload(repo, {path: second})
        moved = before.received_bytes / len(second)
        # Seen with `pytest -s`; figures of docs/scale.md come from here.
        print(f"\n{path}, {len(second) / MEGABYTE:.1f} MB: {moved:.1%} moved")
        assert new_machine().download(repo, path)[path] == second
        return moved

    return move


def test_other_tensors(moved_by, new_machine):
    """The machine that made the second version has never seen the first one."""
    assert moved_by("model.safetensors", safetensors(TENSORS), safetensors(FINE_TUNED), new_machine()) < 0.1


def test_more_tensors(moved_by, machine):
    seeds = list(range(300, 340))
    assert moved_by("model.safetensors", safetensors(seeds[:36]), safetensors(seeds), machine) < 0.15


def test_layers_quantised_anew(moved_by, machine):
    """The first chunk is another one, and by that a machine without memory would ask: so it is the same machine."""
    assert moved_by("model.gguf", gguf(LAYERS), gguf(QUANTISED_ANEW), machine) < 0.42


def test_more_rows(moved_by, new_machine):
    assert moved_by("table.parquet", parquet(300_000), parquet(315_000), new_machine()) < 0.25
