"""What the scripts that store files and outcomes have in common."""

import json
import math


def number(x):
    """A number as JSON has it; text where it has none."""
    if isinstance(x, bool):
        return int(x)
    if isinstance(x, int):
        return x if abs(x) <= 2**53 else str(x)
    return x if math.isfinite(x) else str(x).replace("inf", "Infinity").replace("nan", "NaN")


def tensor(x):
    """A tensor of PyTorch: its dtype, shape and elements."""
    import torch

    elements = x.double() if x.is_floating_point() else x
    return {"dtype": str(x.dtype).removeprefix("torch."), "shape": list(x.shape), "data": [number(v) for v in elements.flatten().tolist()]}


def array(x):
    """An array of NumPy: its dtype, shape and elements."""
    elements = x.astype("float64") if x.dtype.kind == "f" else x
    return {"dtype": x.dtype.str, "shape": list(x.shape), "data": [number(v) for v in elements.flatten().tolist()]}


def store(path, value):
    lines = [f"{json.dumps(key)}: {json.dumps(part)}" for key, part in value.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
