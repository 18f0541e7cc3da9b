"""PyTorch's values and gradients of embeddings and bilinear layers, in float64, in layers.json.

Run with torch 2.13: python make_layers.py
"""

import torch
from torch import nn
from stored import case, same, store

torch.set_default_dtype(torch.float64)
torch.manual_seed(3)


def run(module, *inputs):
    return module(*inputs)


def embeddings():
    for ours, theirs in [
        ({}, {}),
        ({"paddingIndex": 2}, {"padding_idx": 2}),
        ({"maxNorm": 1.2}, {"max_norm": 1.2}),
    ]:
        for indices in [[[1, 2, 2], [4, 2, 0]], [3, 3, 3, 3], 4, [[]]]:
            module = nn.Embedding(5, 3, **theirs)
            indices = torch.tensor(indices, dtype=torch.int64)
            yield case("Embedding", [5, 3], module, run, [indices], same(weight="weight"), ours)


def bilinears():
    for ours in [{}, {"bias": False}]:
        for lead in [(4,), (2, 3), ()]:
            x, y = torch.randn(*lead, 3), torch.randn(*lead, 2)
            yield case("Bilinear", [3, 2, 4], nn.Bilinear(3, 2, 4, **ours), run, [x, y], same(weight="weight", bias="bias"), ours)


store(__file__, [*embeddings(), *bilinears()])
