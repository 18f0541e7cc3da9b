"""Makes a small GGUF file with ggml's own writer, and stores its numbers as ggml's own code has them.

Run with gguf 0.19.0 and NumPy 2.4.6: python gguf_files.py
"""

import base64
import json
import pathlib
import tempfile

import gguf
import numpy as np

HERE = pathlib.Path(__file__).parent
rng = np.random.default_rng(1)
numbers = rng.normal(size=(3, 64)).astype(np.float32)
numbers[0, :32] *= 1000
numbers[1, 32:] = 0


def make(endianess):
    """A file with a tensor of each type, and what they hold."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "x.gguf"
        writer = gguf.GGUFWriter(path, "llama", endianess=endianess)
        writer.add_name("small")
        writer.add_uint64("test.large", 2**60)
        writer.add_uint64("test.small", 7)
        writer.add_bool("test.flag", True)
        writer.add_array("test.words", ["a", "é", ""])
        writer.add_array("test.floats", [0.5, -2.0])
        expected = {}

        def add(name, array, raw_dtype=None, raw=None):
            writer.add_tensor(name, array if raw is None else raw, raw_dtype=raw_dtype)
            expected[name] = {"shape": list(array.shape), "data": [float(x) for x in array.flatten()]}

        add("f32", numbers)
        add("f16", numbers.astype(np.float16))
        add("f64", numbers.astype(np.float64) / 3)
        for bits in [8, 16, 32]:
            add(f"i{bits}", np.arange(-6, 6).reshape(2, 6).astype(f"int{bits}") * (2 ** (bits - 5)))
        add("i64", np.array([2**31 - 1, -(2**31)], dtype=np.int64))
        add("vector", np.array([1.5], dtype=np.float32))
        if endianess == gguf.GGUFEndian.LITTLE:
            for kind in ["Q8_0", "Q4_0", "BF16"]:
                quantisation = gguf.GGMLQuantizationType[kind]
                raw = gguf.quants.quantize(numbers, quantisation)
                add(kind, gguf.quants.dequantize(raw, quantisation), quantisation, raw)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return {"file": base64.b64encode(path.read_bytes()).decode(), "tensors": expected}


def refused():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "x.gguf"
        writer = gguf.GGUFWriter(path, "llama")
        quantisation = gguf.GGMLQuantizationType.Q5_1
        writer.add_tensor("q", gguf.quants.quantize(numbers, quantisation), raw_dtype=quantisation)
        writer.add_tensor("x", np.array([1, 2], dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return base64.b64encode(path.read_bytes()).decode()


stored = {"little": make(gguf.GGUFEndian.LITTLE), "big": make(gguf.GGUFEndian.BIG), "refused": refused()}
(HERE / "gguf.json").write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in stored.items()) + "\n}\n")
