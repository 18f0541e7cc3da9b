"""Files that the safetensors library writes for PyTorch, and what it reads of ours.

Run with torch 2.13 and safetensors 0.8, after `UPDATE_FILES=1 vitest run packages/files/test/safetensors`, which writes ours.
Writes torch.safetensors and outcomes.json.
"""

import hashlib
import pathlib
import sys

import safetensors
import torch
from safetensors.torch import load_file, save_file

here = pathlib.Path(__file__).parent
sys.path.append(str(here.parent))
from stored import store, tensor

FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
SMALL = [torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu]
INTEGERS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16, torch.uint32, torch.uint64]
numbers = torch.tensor([0.0, -0.0, 1.5, -2.25, 1 / 3, 1e-7, 65504.0, float("inf"), -float("inf"), float("nan")], dtype=torch.float64)


def name(dtype):
    return str(dtype).removeprefix("torch.")


def theirs():
    tensors = {name(dtype): numbers.to(dtype) for dtype in FLOATS}
    # Every number of 8 bits.
    tensors |= {name(dtype): torch.arange(256, dtype=torch.uint8).view(dtype).reshape(16, 16) for dtype in SMALL}
    tensors |= {name(dtype): torch.tensor([0, 1, 100, 127], dtype=dtype) for dtype in INTEGERS}
    tensors |= {
        "negative": torch.tensor([-1, -(2**31), 2**31 - 1], dtype=torch.int64),
        "bool": torch.tensor([[True], [False]]),
        "scalar": torch.tensor(7.5),
        "empty": torch.zeros(0, 3),
        "transposed": torch.arange(6.0).reshape(2, 3).T.contiguous(),
    }
    return tensors


def sha(x):
    return hashlib.sha256(x.contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()


def exhaustive():
    """The numbers of 16 bits as float32, and many numbers of 32 bits rounded to them, as sums of their bytes."""
    codes = torch.arange(2**16, dtype=torch.int32).to(torch.uint16)
    spread = (torch.arange(2**16, dtype=torch.int64) * 65537 % 2**32).to(torch.uint32).view(torch.float32)
    found = {}
    for dtype in [torch.float16, torch.bfloat16]:
        wide = codes.view(dtype).float()
        found[f"{name(dtype)} widened"] = sha(torch.where(wide.isnan(), 0.0, wide))
        narrow = torch.where(spread.isnan(), 0.0, spread).to(dtype)
        found[f"{name(dtype)} rounded"] = sha(narrow)
    return found


save_file(theirs(), here / "torch.safetensors", metadata={"format": "pt", "note": "ünï"})
store(
    here / "outcomes.json",
    {
        "versions": {"torch": torch.__version__, "safetensors": safetensors.__version__},
        "exhaustive": exhaustive(),
        "theirs": {key: tensor(x) for key, x in theirs().items()},
        "ours": {key: tensor(x) for key, x in load_file(here / "ours.safetensors").items()},
        "metadata": safetensors.safe_open(here / "ours.safetensors", "pt").metadata(),
    },
)
