"""Checkpoints that PyTorch writes, and their tensors.

Run with torch 2.13: python make.py
Writes the .pt files and outcomes.json beside it.
"""

import collections
import pathlib
import sys

import torch
from torch import nn

here = pathlib.Path(__file__).parent
sys.path.append(str(here.parent))
from stored import store, tensor

torch.manual_seed(5)
numbers = torch.tensor([0.0, -0.0, 1.5, -2.25, 1 / 3, 1e-7, float("inf"), float("nan")], dtype=torch.float64)
FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]
INTEGERS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16, torch.uint32, torch.uint64]
base = torch.arange(24.0).reshape(4, 6)

types = {str(d).removeprefix("torch."): numbers.to(d) for d in FLOATS}
types |= {str(d).removeprefix("torch."): torch.tensor([0, 1, 100], dtype=d) for d in INTEGERS}
types["bool"] = torch.tensor([[True], [False]])

views = {
    "whole": base,
    "transposed": base.T,
    "slice": base[1:3, ::2],
    "column": base[:, 4],
    "permuted": torch.arange(24, dtype=torch.int16).reshape(2, 3, 4).permute(2, 0, 1),
    "expanded": torch.tensor([[1.0], [2.0]]).expand(2, 3),
    "scalar": torch.tensor(7.5),
    "element": base[2, 3],
    "empty": torch.zeros(0, 3),
    "halves": base.half().T,
    "doubles": base.double()[::2],
    "parameter": nn.Parameter(torch.tensor([1.0, 2.0])),
}

model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 5])
model(torch.randn(8, 3)).sum().backward()
optimizer.step()
training = {
    "model": model.state_dict(),
    "optimizer": optimizer.state_dict(),
    "schedule": schedule.state_dict(),
    "epoch": 3,
    "best": float("inf"),
    "names": ("a", ["b", None, True, False]),
    "options": {"dtype": torch.float32, "device": torch.device("cpu"), "shape": torch.Size([2, 3]), "bytes": b"\x00\xff"},
    "big": 2**70,
    "ordered": collections.OrderedDict([("x", 1)]),
    "set": {1, 2},
}


def flat(value, path=""):
    if isinstance(value, torch.Tensor):
        return {path: tensor(value)}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else []
    found = {}
    for key, part in items:
        found |= flat(part, f"{path}.{key}" if path else str(key))
    return found


FILES = {"types": types, "views": views, "training": training}
outcomes = {"torch": torch.__version__}
for name, value in FILES.items():
    torch.save(value, here / f"{name}.pt")
    outcomes[name] = flat(value)
torch.save(training, here / "protocol4.pt", pickle_protocol=4)
outcomes["protocol4"] = flat(training)
torch.save({"x": base}, here / "old.pt", _use_new_zipfile_serialization=False)
# What no state dict is: a module, whose class would have to be imported.
torch.save(nn.Linear(1, 1), here / "module.pt")


class Calls:
    def __reduce__(self):
        return print, ("this ran",)


torch.save({"x": Calls()}, here / "calls.pt")
store(here / "outcomes.json", outcomes)
