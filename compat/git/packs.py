"""Packs and packets written by hand, faults included."""

import hashlib
import zlib

FLUSH = b"0000"
BLOB, OFFSET_DELTA, ID_DELTA = 3, 6, 7


def packet(text: bytes) -> bytes:
    return f"{len(text) + 4:04x}".encode() + text


def blob_id(content: bytes) -> bytes:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).digest()


def number(value: int) -> bytes:
    """A size at the head of a delta: seven bits at a time, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(0x80 | value & 0x7F)
        value >>= 7
    return bytes([*out, value])


def copying(base: int, times: int = 1, added: bytes = b"") -> bytes:
    """A delta that copies the whole base so often, and adds a few bytes."""
    out = bytearray(number(base) + number(base * times + len(added)))
    for _ in range(times):
        for start in range(0, base, 0xFFFFFF):
            size = min(0xFFFFFF, base - start)
            out += b"\xff" + start.to_bytes(4, "little") + size.to_bytes(3, "little")
    if added:
        out += bytes([len(added)]) + added
    return bytes(out)


class Pack:
    """A pack under construction; entries are known by where they begin."""

    def __init__(self):
        self.body = bytearray()
        self.count = 0

    def entry(self, kind: int, size: int, *rest: bytes) -> int:
        start = 12 + len(self.body)
        byte, left = kind << 4 | size & 15, size >> 4
        while left:
            self.body.append(byte | 0x80)
            byte, left = left & 0x7F, left >> 7
        self.body.append(byte)
        self.body += b"".join(rest)
        self.count += 1
        return start

    def blob(self, content: bytes, said: int | None = None) -> int:
        return self.entry(BLOB, len(content) if said is None else said, zlib.compress(content))

    def on_entry(self, base: int, delta: bytes) -> int:
        back = 12 + len(self.body) - base
        digits = [back & 0x7F]
        while back := back >> 7:
            back -= 1
            digits.append(0x80 | back & 0x7F)
        return self.entry(OFFSET_DELTA, len(delta), bytes(digits[::-1]), zlib.compress(delta))

    def on_object(self, base: bytes, delta: bytes) -> int:
        return self.entry(ID_DELTA, len(delta), base, zlib.compress(delta))

    def finish(self, count: int | None = None) -> bytes:
        head = b"PACK\0\0\0\2" + (self.count if count is None else count).to_bytes(4, "big")
        return head + self.body + hashlib.sha1(head + self.body).digest()
