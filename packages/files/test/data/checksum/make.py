"""Stores XXH64 checksums of the xxhash library for Python. Run with xxhash 4.0.1: python make.py"""

import json
import pathlib

import xxhash

folder = pathlib.Path(__file__).parent
lengths = [*range(0, 70), 1000, 16383, 16384, 131071, 131072, 131073, 300001]


def content(length):
    """Bytes that the test computes in the same way."""
    return bytes((i * i + 7 * i + (i >> 8)) & 255 for i in range(length))


sums = {str(length): xxhash.xxh64_hexdigest(content(length)) for length in lengths}
lines = [f"{json.dumps(length)}: {json.dumps(value)}" for length, value in {"xxhash": xxhash.VERSION, **sums}.items()]
(folder / "outcomes.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
