"""PyTorch's values and gradients of layers whose weight is normalised, in float64, in weight_norms.json.

Run with torch 2.13: python make_weight_norms.py
"""

import torch
from torch import nn
from torch.nn.utils import parametrizations
from stored import case, store

torch.set_default_dtype(torch.float64)
torch.manual_seed(7)


def run(module, x):
    return module(x)


def weight_norms():
    for axis in [1, 0]:
        module = parametrizations.weight_norm(nn.Linear(4, 3), dim=1 - axis)
        module.parametrizations.weight.original0.data *= 1.5
        names = {
            "magnitude": lambda t: t["parametrizations.weight.original0"].T,
            "layer.weight": lambda t: t["parametrizations.weight.original1"].T,
            "layer.bias": lambda t: t["bias"],
        }
        yield case("WeightNorm", [4, 3], module, run, [torch.randn(5, 4)], names, {"axis": axis})


def spectral_norms():
    names = {
        "left": lambda t: t["parametrizations.weight.0._u"],
        "right": lambda t: t["parametrizations.weight.0._v"],
        "layer.weight": lambda t: t["parametrizations.weight.original"].T,
        "layer.bias": lambda t: t["bias"],
    }
    for training in [True, False]:
        for iterations in [1, 3]:
            for axis in [1, 0]:
                module = parametrizations.spectral_norm(nn.Linear(4, 3), n_power_iterations=iterations, dim=1 - axis)
                options = {"powerIterations": iterations, "axis": axis}
                yield case("SpectralNorm", [4, 3], module, run, [torch.randn(5, 4)], names, options, training)


store(__file__, [*weight_norms(), *spectral_norms()])
