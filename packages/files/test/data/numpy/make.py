"""Arrays that NumPy writes, and what it reads of ours.

Run with numpy 2.4, after `UPDATE_FILES=1 vitest run packages/files/test/numpy`, which writes ours.
Writes theirs.npz, packed.npz, the .npy files that need a file of their own, and outcomes.json.
"""

import pathlib
import sys

import numpy as np

here = pathlib.Path(__file__).parent
sys.path.append(str(here.parent))
from stored import array, store

numbers = np.array([0.0, -0.0, 1.5, -2.25, 1 / 3, 1e-7, 65504.0, np.inf, -np.inf, np.nan])
theirs = {}
for code in ["f8", "f4", "f2"]:
    theirs[f"little {code}"] = numbers.astype(f"<{code}")
    theirs[f"big {code}"] = numbers.astype(f">{code}")
for code in ["i8", "i4", "i2", "u8", "u4", "u2"]:
    theirs[f"little {code}"] = np.array([0, 1, 100, 300], dtype=f"<{code}")
    theirs[f"big {code}"] = np.array([[0, 1], [100, 300]], dtype=f">{code}")
theirs["i1"] = np.array([-128, 127], dtype="i1")
theirs["u1"] = np.array([0, 255], dtype="u1")
theirs["bool"] = np.array([[True], [False]])
cube = np.arange(24, dtype="<i4").reshape(2, 3, 4)
theirs["fortran"] = np.asfortranarray(cube)
theirs["fortran big"] = np.asfortranarray(cube.astype(">f8"))
theirs["transposed"] = cube.T
theirs["strided"] = cube[:, ::2, 1:]
theirs["scalar"] = np.array(7.5)
theirs["empty"] = np.zeros((0, 3))
theirs["empty fortran"] = np.zeros((3, 0), order="F")
theirs["sünder"] = np.array([1.0])

np.savez(here / "theirs.npz", **theirs)
np.savez_compressed(here / "packed.npz", **theirs)
np.save(here / "version2.npy", np.zeros(2))
with open(here / "version2.npy", "wb") as f:
    np.lib.format.write_array(f, np.arange(3.0), version=(2, 0))
with open(here / "version3.npy", "wb") as f:
    np.lib.format.write_array(f, np.arange(3.0), version=(3, 0))
np.save(here / "complex.npy", np.array([1 + 2j]))
np.save(here / "text.npy", np.array(["ab"]))
np.save(here / "records.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
np.save(here / "objects.npy", np.array([{}, None]), allow_pickle=True)

ours = {}
for name in ["ours.npz", "ours-packed.npz"]:
    with np.load(here / name) as arrays:
        ours[name] = {key: array(arrays[key]) for key in arrays.files}
single = np.load(here / "ours.npy")
store(here / "outcomes.json", {"numpy": np.__version__, "theirs": {k: array(v) for k, v in theirs.items()}, **ours, "ours.npy": array(single)})
