"""Deterministic content of chosen sizes and formats."""

import hashlib
import json
import random
import struct

MEGABYTE = 1024 * 1024


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that neither compress nor look like text."""
    return b"\0" + random.Random(seed).randbytes(size - 1)


def git_blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def safetensors(tensors: dict[str, tuple[str, list[int]]]) -> bytes:
    """A safetensors file with zeroed data: name -> (dtype, shape)."""
    widths = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I8": 1}
    header, offset = {}, 0
    for name, (dtype, shape) in tensors.items():
        size = widths[dtype]
        for dimension in shape:
            size *= dimension
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(offset)
