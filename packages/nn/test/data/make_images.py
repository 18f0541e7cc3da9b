"""PyTorch's values and gradients of convolutions, poolings and upsamplings, in float64, in images.json.

Run with torch 2.13: python make_images.py
"""

import torch
from torch import nn
from stored import case, same, store

torch.set_default_dtype(torch.float64)
torch.manual_seed(4)


def run(module, x):
    return module(x)


names = {
    "kernel": "kernel_size",
    "outputPadding": "output_padding",
    "ceilMode": "ceil_mode",
    "countIncludePad": "count_include_pad",
    "alignCorners": "align_corners",
    "scale": "scale_factor",
}


def theirs(options):
    return {names.get(name, name): value for name, value in options.items()}


def convolutions():
    for layer, arguments, options, shapes in [
        ("Conv1d", [2, 3, 3], {}, [(2, 2, 7), (1, 2, 3)]),
        ("Conv1d", [4, 6, 3], {"stride": 2, "padding": 2, "dilation": 2, "groups": 2}, [(2, 4, 8)]),
        ("Conv1d", [1, 2, 4], {"padding": "same", "bias": False}, [(2, 1, 5)]),
        ("Conv2d", [1, 1, 1], {}, [(1, 1, 1, 1)]),
        ("Conv2d", [2, 3, 3], {}, [(2, 2, 4, 5)]),
        ("Conv2d", [2, 3, 3], {"padding": "same"}, [(2, 2, 4, 3)]),
        ("Conv2d", [2, 3, [2, 4]], {"padding": "same", "dilation": [2, 1]}, [(2, 2, 4, 5)]),
        ("Conv2d", [2, 3, 2], {"padding": "valid", "bias": False}, [(2, 2, 3, 4)]),
        ("Conv2d", [3, 2, 3], {"stride": 2, "padding": 1}, [(2, 3, 5, 6)]),
        ("Conv2d", [2, 2, [3, 2]], {"stride": [1, 3], "padding": [2, 0], "dilation": [1, 2]}, [(2, 2, 4, 9)]),
        ("Conv2d", [4, 4, 3], {"groups": 4, "padding": 1}, [(2, 4, 4, 4)]),
        ("Conv2d", [4, 6, 2], {"groups": 2, "stride": 2}, [(2, 4, 4, 5)]),
        ("ConvTranspose1d", [2, 3, 3], {"stride": 2, "padding": 1, "outputPadding": 1}, [(2, 2, 4)]),
        ("ConvTranspose2d", [2, 3, 3], {}, [(2, 2, 3, 4)]),
        ("ConvTranspose2d", [2, 3, 2], {"stride": 2, "bias": False}, [(2, 2, 3, 4)]),
        ("ConvTranspose2d", [3, 2, 3], {"stride": [2, 3], "padding": 1, "outputPadding": [1, 2]}, [(1, 3, 3, 2)]),
        ("ConvTranspose2d", [2, 2, 2], {"dilation": 3, "padding": [1, 0], "outputPadding": 2}, [(1, 2, 3, 3)]),
        ("ConvTranspose2d", [4, 6, 3], {"groups": 2, "stride": 2, "padding": 2}, [(2, 4, 3, 3)]),
    ]:
        for shape in shapes:
            module = getattr(nn, layer)(*arguments, **theirs(options))
            yield case(layer, arguments, module, run, [torch.randn(shape)], same(weight="weight", bias="bias"), options)


def poolings():
    for layer, kernel, options, shape in [
        ("MaxPool1d", 2, {}, (2, 3, 7)),
        ("MaxPool1d", 3, {"stride": 2, "padding": 1, "dilation": 2, "ceilMode": True}, (2, 3, 8)),
        ("MaxPool2d", 2, {}, (2, 3, 5, 6)),
        ("MaxPool2d", [3, 2], {"stride": [1, 2], "padding": [1, 0]}, (2, 2, 4, 5)),
        ("MaxPool2d", 3, {"stride": 2, "padding": 1, "ceilMode": True}, (2, 2, 6, 7)),
        ("MaxPool2d", 2, {"dilation": 2, "stride": 1}, (2, 5, 5)),
        ("AvgPool1d", 2, {}, (2, 3, 7)),
        ("AvgPool1d", 3, {"stride": 2, "padding": 1, "ceilMode": True}, (2, 3, 8)),
        ("AvgPool2d", 2, {}, (2, 3, 5, 6)),
        ("AvgPool2d", [3, 2], {"stride": [1, 2], "padding": [1, 0]}, (2, 2, 4, 5)),
        ("AvgPool2d", 3, {"stride": 2, "padding": 1, "countIncludePad": False}, (2, 2, 5, 6)),
        ("AvgPool2d", 3, {"stride": 2, "padding": 1, "ceilMode": True}, (2, 2, 6, 7)),
        ("AvgPool2d", 3, {"stride": 2, "padding": 1, "ceilMode": True, "countIncludePad": False}, (2, 4, 5)),
    ]:
        module = getattr(nn, layer)(kernel, **theirs(options))
        yield case(layer, [kernel], module, run, [torch.randn(shape)], {}, options)
    ties = torch.tensor([[[[1.0, 1.0, 0.0], [1.0, 2.0, 2.0], [2.0, 2.0, 2.0]]]])
    yield case("MaxPool2d", [2], nn.MaxPool2d(2, stride=1), run, [ties], {}, {"stride": 1})
    for size, shape in [(1, (2, 3, 4, 5)), ([2, 3], (2, 2, 4, 6)), ([3, 4], (1, 2, 5, 7)), ([5, 2], (2, 3, 3))]:
        yield case("AdaptiveAvgPool2d", [size], nn.AdaptiveAvgPool2d(size), run, [torch.randn(shape)], {})


def arrangements():
    for options in [
        {"scale": 2},
        {"scale": [1.5, 0.5]},
        {"size": [5, 3]},
        {"scale": 2, "mode": "bilinear"},
        {"scale": [1.7, 0.6], "mode": "bilinear"},
        {"size": [7, 3], "mode": "bilinear"},
        {"size": [7, 1], "mode": "bilinear", "alignCorners": True},
        {"size": 5, "mode": "bilinear", "alignCorners": True},
    ]:
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in theirs(options).items()}
        yield case("Upsample", [options], nn.Upsample(**given), run, [torch.randn(2, 2, 3, 4)], {})
    yield case("PixelShuffle", [2], nn.PixelShuffle(2), run, [torch.randn(2, 8, 2, 3)], {})
    yield case("Flatten", [], nn.Flatten(), run, [torch.randn(2, 3, 2)], {})
    yield case("Reshape", [[3, 2]], nn.Unflatten(1, (3, 2)), run, [torch.randn(2, 6)], {})


store(__file__, [*convolutions(), *poolings(), *arrangements()])
