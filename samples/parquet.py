"""Writes a small table as a Parquet file: one row group, one plain page per column, no compression.

Own code instead of a library, because the sample script may need nothing but Python, and because a few
rows written the plainest way have the same bytes on every machine, so that their hash can be relied on.
The format is that of the Apache Parquet specification; the footer is Thrift's compact protocol.
"""

import struct

MAGIC = b"PAR1"
INT64, DOUBLE, BYTE_ARRAY = 2, 5, 6  # physical types
OPTIONAL, PLAIN, RLE, UNCOMPRESSED, DATA_PAGE, UTF8 = 1, 0, 3, 0, 0, 0
I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12  # compact protocol's type codes


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number):
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def value_bytes(code, value):
    if code in (I32, I64):
        return zigzag(value)
    if code == BINARY:
        return varint(len(value)) + value
    if code == LIST:
        item_code, items = value
        head = bytes([len(items) << 4 | item_code]) if len(items) < 15 else bytes([0xF0 | item_code]) + varint(len(items))
        return head + b"".join(value_bytes(item_code, item) for item in items)
    return structure(*value)


def structure(*fields):
    """Encodes (field number, type code, value) triples, which come in ascending order."""
    out, last = bytearray(), 0
    for number, code, value in fields:
        out.append(number - last << 4 | code)  # all our gaps are below 16
        out += value_bytes(code, value)
        last = number
    return bytes(out) + b"\0"


def definition_levels(values):
    """Which rows have a value, as run-length encoded bits behind their length."""
    out, start = bytearray(), 0
    for at in range(1, len(values) + 1):
        if at == len(values) or (values[at] is None) != (values[start] is None):
            out += varint(at - start << 1) + bytes([values[start] is not None])
            start = at
    return struct.pack("<I", len(out)) + bytes(out)


def plain(kind, values):
    present = [value for value in values if value is not None]
    if kind == BYTE_ARRAY:
        return b"".join(struct.pack("<I", len(text)) + text for text in (value.encode() for value in present))
    return struct.pack(f"<{len(present)}{'q' if kind == INT64 else 'd'}", *present)


def kind_of(values):
    present = [value for value in values if value is not None]
    if all(isinstance(value, int) for value in present):
        return INT64
    return DOUBLE if all(isinstance(value, (int, float)) for value in present) else BYTE_ARRAY


def table(columns):
    """The bytes of a Parquet file with `columns`: name -> list of str, int, float or None, all of one length."""
    rows = len(next(iter(columns.values())))
    out, chunks = bytearray(MAGIC), []
    schema = [[(3, I32, 0), (4, BINARY, b"schema"), (5, I32, len(columns))]]
    for name, values in columns.items():
        kind = kind_of(values)
        body = definition_levels(values) + plain(kind, values)
        page = [(1, I32, rows), (2, I32, PLAIN), (3, I32, RLE), (4, I32, RLE)]
        header = structure((1, I32, DATA_PAGE), (2, I32, len(body)), (3, I32, len(body)), (5, STRUCT, page))
        offset, size = len(out), len(header) + len(body)
        out += header + body
        text = [(6, I32, UTF8), (10, STRUCT, [(1, STRUCT, [])])] if kind == BYTE_ARRAY else []
        schema.append([(1, I32, kind), (3, I32, OPTIONAL), (4, BINARY, name.encode()), *text])
        meta = [(1, I32, kind), (2, LIST, (I32, [PLAIN, RLE])), (3, LIST, (BINARY, [name.encode()])),
                (4, I32, UNCOMPRESSED), (5, I64, rows), (6, I64, size), (7, I64, size), (9, I64, offset)]
        chunks.append([(2, I64, offset), (3, STRUCT, meta)])
    group = [(1, LIST, (STRUCT, chunks)), (2, I64, len(out) - len(MAGIC)), (3, I64, rows)]
    footer = structure((1, I32, 1), (2, LIST, (STRUCT, schema)), (3, I64, rows), (4, LIST, (STRUCT, [group])),
                       (6, BINARY, b"Hearth samples"))
    return bytes(out + footer + struct.pack("<I", len(footer)) + MAGIC)
