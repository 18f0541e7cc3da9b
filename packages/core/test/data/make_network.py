"""Evaluates derivatives of a network of three layers by torch.func, in float64, and stores them in network.pytorch.json.

    python make_network.py
"""

import json
from pathlib import Path

import torch
from make_operators import lattice, numel, tensor
from torch.func import grad, hessian, jacrev, vmap


def numbers(shape, salt):
    return tensor(shape, lattice(numel(shape), salt, -1, 1))


sizes = [2, 3, 2, 1]
parameters = {}
for l, size in enumerate(sizes[1:]):
    parameters[f"{l}.weight"] = numbers([sizes[l], size], 2 * l)
    parameters[f"{l}.bias"] = numbers([size], 2 * l + 1)
x = numbers([4, 2], 6)
y = numbers([4, 1], 7)


def predict(parameters, x):
    z = x
    for l in range(3):
        a = z @ parameters[f"{l}.weight"] + parameters[f"{l}.bias"]
        z = a if l == 2 else a.tanh()
    return z


def loss(parameters, x, y):
    return (predict(parameters, x) - y).pow(2).mean()


def flat(tree):
    if isinstance(tree, dict):
        return {key: flat(value) for key, value in tree.items()}
    return tree.flatten().tolist()


results = {
    "gradient": grad(loss)(parameters, x, y),
    "hessian": hessian(loss)(parameters, x, y),
    "jacobian": jacrev(predict, argnums=1)(parameters, x),
    "perExample": vmap(grad(loss), in_dims=(None, 0, 0))(parameters, x, y),
}
(Path(__file__).parent / "network.pytorch.json").write_text(json.dumps(flat(results)) + "\n")
