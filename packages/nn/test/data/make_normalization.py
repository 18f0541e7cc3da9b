"""PyTorch's values, gradients and running statistics of layers that normalise, in float64, in normalization.json.

Run with torch 2.13: python make_normalization.py
"""

import torch
from torch import nn
from stored import case, same, store

torch.set_default_dtype(torch.float64)
torch.manual_seed(2)

affine = same(weight="weight", bias="bias")
tracked = affine | same(runningMean="running_mean", runningVariance="running_var", batchCount="num_batches_tracked")


def disturbed(module):
    """Parameters and statistics that are not those of the start."""
    for x in module.parameters():
        x.data += 0.3 * torch.randn_like(x)
    for name, x in module.named_buffers():
        if name.endswith("mean"):
            x += torch.randn_like(x)
        elif name.endswith("var"):
            x *= 1 + torch.rand_like(x)
        elif name.endswith("tracked"):
            x += 3
    return module


def run(module, x):
    return module(x)


def batch_norms():
    options = [
        ({}, {}),
        ({"momentum": 0.3, "eps": 1e-3}, {"momentum": 0.3, "eps": 1e-3}),
        ({"momentum": "cumulative"}, {"momentum": None}),
        ({"affine": False}, {"affine": False}),
        ({"trackRunningStatistics": False}, {"track_running_stats": False}),
    ]
    for name, kind, shapes in [
        ("BatchNorm1d", nn.BatchNorm1d, [(5, 3), (4, 3, 6)]),
        ("BatchNorm2d", nn.BatchNorm2d, [(3, 3, 4, 2), (1, 3, 2, 2)]),
    ]:
        for shape in shapes:
            for ours, theirs in options:
                for training in [True, False]:
                    x = 2 * torch.randn(shape) + torch.randn(3).reshape(1, 3, *[1] * (len(shape) - 2))
                    module = disturbed(kind(3, **theirs))
                    yield case(name, [3], module, run, [x], tracked, ours, training)
    # A mean that is large beside the deviations, and a channel that does not vary.
    x = 1e3 + torch.round(1024 * torch.randn(6, 3)) / 1024
    x[:, 1] = 7
    yield case("BatchNorm1d", [3], disturbed(nn.BatchNorm1d(3)), run, [x], tracked)


def layer_norms():
    for features, shape in [(4, (5, 4)), (4, (2, 3, 4)), (4, (4,)), ([3, 4], (2, 3, 4)), ([2, 3, 4], (2, 3, 4)), (1, (3, 1))]:
        for ours, theirs in [({}, {}), ({"eps": 0.1}, {"eps": 0.1}), ({"affine": False}, {"elementwise_affine": False}), ({"bias": False}, {"bias": False})]:
            module = disturbed(nn.LayerNorm(features, **theirs))
            yield case("LayerNorm", [features], module, run, [3 * torch.randn(shape) + 1], affine, ours)
        for ours, theirs in [({}, {}), ({"eps": 0.1}, {"eps": 0.1}), ({"affine": False}, {"elementwise_affine": False})]:
            module = disturbed(nn.RMSNorm(features, **theirs))
            yield case("RMSNorm", [features], module, run, [3 * torch.randn(shape) + 1], affine, ours)


def group_norms():
    for groups, shape in [(1, (2, 6, 3)), (2, (2, 6, 3, 2)), (3, (2, 6)), (6, (1, 6, 5))]:
        for ours, theirs in [({}, {}), ({"eps": 0.1}, {"eps": 0.1}), ({"affine": False}, {"affine": False})]:
            module = disturbed(nn.GroupNorm(groups, 6, **theirs))
            yield case("GroupNorm", [groups, 6], module, run, [3 * torch.randn(shape) + 1], affine, ours)


store(__file__, [*batch_norms(), *layer_norms(), *group_norms()])
