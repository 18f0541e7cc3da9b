"""Evaluates every case of operators.json in PyTorch, in float64, and stores what it finds in operators.pytorch.json.

    python make_operators.py

For the function f of a case at inputs x, with a fixed cotangent v and fixed directions u, it stores f(x), the gradients of
<v, f(x)>, and the Hessian-vector products: the gradients of <u, gradients>.
"""

import hashlib
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F

here = Path(__file__).parent
dtypes = {"int32": torch.int64, "bool": torch.bool}


def lattice(count, salt, low, high):
    """`count` numbers between two bounds, all different, none of them 0; operators.ts has the same formula."""
    return [low + ((high - low) * ((i * 37 + salt * 11) % 101 + (2 * salt + 1) / 8)) / 101 for i in range(count)]


def tensor(shape, values):
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def numel(shape):
    return torch.Size(shape).numel()


def make_inputs(case, shapes):
    inputs = []
    for i, shape in enumerate(shapes):
        if shape == "x":
            inputs.append(inputs[0])
        elif "values" in case:
            values = case["values"][i]
            inputs.append(tensor(shape, [values[j % len(values)] for j in range(numel(shape))]).requires_grad_())
        else:
            low, high = case.get("between", [])[i] if i < len(case.get("between", [])) else (-2, 2)
            inputs.append(tensor(shape, lattice(numel(shape), i, low, high)).requires_grad_())
    return inputs


def argument(arg):
    """An argument of the call as PyTorch takes it: constant tensors are written { dtype: entries }."""
    if isinstance(arg, dict):
        for name, dtype in dtypes.items():
            if name in arg:
                return torch.tensor(arg[name], dtype=dtype)
    return arg


def unfold(x, windows):
    x = F.pad(x, [width for window in reversed(windows) for width in window["padding"]])
    n = len(windows)
    for axis, w in zip(range(-n, 0), windows):
        # The windows come last, so the axes to slide along stay n from the end.
        x = x.unfold(-n, (w["size"] - 1) * w["dilation"] + 1, w["stride"])[..., :: w["dilation"]]
    lead = x.dim() - 2 * n
    return x.permute(*range(lead), *range(lead + n, lead + 2 * n), *range(lead, lead + n))


def fold(x, windows, shape):
    """Through the fold of images: one window is the second of two."""
    flat = {"size": 1, "stride": 1, "dilation": 1, "padding": [0, 0]}
    n = len(windows)
    both = [flat] * (2 - n) + windows
    lead = x.shape[: x.dim() - 2 * n]
    columns = x.reshape(lead.numel(), torch.Size(x.shape[-2 * n : -n]).numel(), torch.Size(x.shape[-n:]).numel())
    images = F.fold(
        columns,
        [1] * (2 - n) + shape,
        kernel_size=[w["size"] for w in both],
        dilation=[w["dilation"] for w in both],
        padding=[w["padding"][0] for w in both],
        stride=[w["stride"] for w in both],
    )
    return images.reshape(*lead, *shape)


def max_places(by, w):
    return F.max_pool1d(by, w["size"], w["stride"], w["padding"][0], w["dilation"], return_indices=True)[1]


def max_pool(x, by, windows):
    return x.gather(-1, max_places(by, windows[0]))


def max_unpool(y, by, windows):
    return torch.zeros_like(by).scatter_add(-1, max_places(by, windows[0]), y)


def jacobian_times(f, x, u):
    """The Jacobian of f at x times u, for a symmetric Jacobian."""
    return torch.autograd.grad(f(x), x, u, create_graph=True)[0]


def gradients(y, inputs, **options):
    if not y.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    found = torch.autograd.grad(y, inputs, allow_unused=True, **options)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, found)]


def plain(x):
    # A zero that PyTorch knows to be one has no memory to read.
    values = torch.zeros(x.shape, dtype=torch.float64).add(x.detach()).flatten().tolist()
    if all(v == 0 for v in values):
        return 0
    return [v if math.isfinite(v) else "NaN" if math.isnan(v) else "Infinity" if v > 0 else "-Infinity" for v in values]


def evaluate(case, shapes):
    inputs = make_inputs(case, shapes)
    names = dict(zip("xyz", inputs), list=inputs, a=[argument(arg) for arg in case.get("args", [])])
    y = eval(case["torch"], {"torch": torch, "F": F, "unfold": unfold, "fold": fold, "max_pool": max_pool, "max_unpool": max_unpool, "jacobian_times": jacobian_times, **names})
    result = {"shape": list(y.shape), "value": plain(y)}
    if case.get("constant"):
        return result
    sources = [x for x, shape in zip(inputs, shapes) if shape != "x"]
    cotangent = tensor(y.shape, lattice(y.numel(), 5, -1, 1))
    first = gradients((cotangent * y).sum(), sources, create_graph=True)
    directions = [tensor(x.shape, lattice(x.numel(), 6 + i, -1, 1)) for i, x in enumerate(sources)]
    slope = sum((u * g).sum() for u, g in zip(directions, first))
    second = gradients(slope, sources)
    return {**result, "gradients": [plain(g) for g in first], "products": [plain(g) for g in second]}


def main():
    table_text = (here / "operators.json").read_bytes()
    table = json.loads(table_text)
    results = []
    for case in table["cases"]:
        sets = case["inputs"]
        for shapes in table["inputs"][sets] if isinstance(sets, str) else sets:
            results.append(evaluate(case, shapes))

    head = json.dumps({"torch": torch.__version__, "table": hashlib.sha256(table_text).hexdigest()})[:-1]
    lines = ",\n".join(json.dumps(result, separators=(",", ":"), allow_nan=False) for result in results)
    (here / "operators.pytorch.json").write_text(f'{head}, "results": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
