"""Makes small Parquet files with pyarrow, and stores what they hold. Run with pyarrow 25.0.1: python parquet_files.py"""

import base64
import datetime
import io
import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
N = 300

columns = {
    "int8": pa.array([i % 100 - 50 for i in range(N)], pa.int8()),
    "int32": pa.array([i * 7919 - 10**6 for i in range(N)], pa.int32()),
    "int64": pa.array([i * 2**33 if i % 5 else None for i in range(N)], pa.int64()),
    "uint32": pa.array([2**32 - 1 - i for i in range(N)], pa.uint32()),
    "huge": pa.array([2**62 + i for i in range(N)], pa.int64()),
    "half": pa.array([i / 8 for i in range(N)], pa.float16()),
    "float": pa.array([i / 3 if i % 7 else None for i in range(N)], pa.float32()),
    "double": pa.array([1 / (i + 1) for i in range(N)], pa.float64()),
    "bool": pa.array([i % 3 == 0 if i % 4 else None for i in range(N)], pa.bool_()),
    "kind": pa.array([["red", "green", "blue", None][i % 4] for i in range(N)], pa.string()),
    "text": pa.array([f"row {i} é" for i in range(N)], pa.large_string()),
    "nothing": pa.array([None] * N, pa.float64()),
    "decimal": pa.array([i for i in range(N)], pa.decimal128(9, 2)),
    "date": pa.array([datetime.date(2020, 1, 1) + datetime.timedelta(i) for i in range(N)]),
    "time": pa.array([datetime.datetime(2020, 1, 1, 0, 0, i % 60, 5000) for i in range(N)], pa.timestamp("us")),
}
table = pa.table(columns)


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="milliseconds") + "Z"
    if isinstance(value, datetime.date):
        return value.isoformat() + "T00:00:00.000Z"
    if isinstance(value, int) and abs(value) > 2**53:
        return str(value)
    return float(value) if type(value).__name__ == "Decimal" else value


def written(source, **options):
    buffer = io.BytesIO()
    pq.write_table(source, buffer, **options)
    return base64.b64encode(buffer.getvalue()).decode()


few = table.select(["int32", "int64", "float", "bool", "kind", "text"])
files = {
    "all types": written(table, row_group_size=128),
    "no dictionary": written(table, use_dictionary=False),
    "pages of version 2": written(table, data_page_version="2.0", version="2.6"),
    "small pages": written(few, data_page_size=64, write_batch_size=16),
    "differences": written(
        table.select(["int32", "int64", "text"]),
        use_dictionary=False,
        column_encoding={"int32": "DELTA_BINARY_PACKED", "int64": "DELTA_BINARY_PACKED", "text": "DELTA_LENGTH_BYTE_ARRAY"},
    ),
    "streams split": written(table.select(["double"]), use_dictionary=False, column_encoding={"double": "BYTE_STREAM_SPLIT"}),
    "booleans in runs": written(table.select(["bool"]), use_dictionary=False, column_encoding={"bool": "RLE"}),
    "no rows": written(table.slice(0, 0)),
    **{f"codec {codec}": written(few, compression=codec) for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]},
}
refused = {
    "nested": written(pa.table({"list": pa.array([[1, 2], [3]]), "x": pa.array([1, 2])})),
    "bytes": written(pa.table({"bytes": pa.array([b"\x00\xff", b"a"]), "x": pa.array([1, 2])})),
    "shared prefixes": written(pa.table({"s": pa.array(["aa", "ab"])}), use_dictionary=False, column_encoding={"s": "DELTA_BYTE_ARRAY"}),
}
lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in {"files": files, "refused": refused}.items()]
lines.append('"values": {\n' + ",\n".join(f"{json.dumps(name)}: {json.dumps([plain(v) for v in column.to_pylist()])}" for name, column in columns.items()) + "\n}")
(HERE / "parquet.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
