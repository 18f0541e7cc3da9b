"""PyTorch's values and gradients of the activations and losses, in float64, in functions.json.

Run with torch 2.13: python make_functions.py
"""

import itertools
import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(1)


def numbers(x):
    return x.detach().flatten().tolist()


def case(call, f, inputs, options=(), constants=()):
    """The value of f, and the gradients of the sum of its elements times the weights 1, -1/2, 1/3, ..."""
    inputs = [x.clone().requires_grad_() for x in inputs]
    value = f(*inputs, *constants)
    weights = torch.tensor([(-1.0) ** i / (i + 1) for i in range(value.numel())]).reshape(value.shape)
    gradients = torch.autograd.grad((value * weights).sum(), inputs)
    return {
        "call": call,
        "options": dict(options),
        "inputs": [
            {"dtype": str(x.dtype).removeprefix("torch."), "shape": list(x.shape), "data": numbers(x)}
            for x in (*inputs, *constants)
        ],
        "value": {"shape": list(value.shape), "data": numbers(value)},
        "gradients": [numbers(g) for g in gradients],
    }


def activation_cases():
    x = torch.cat([torch.tensor([0.0, 1e-3, -1e-3, 30.0, -30.0, 5.0]), 2 * torch.randn(9)]).reshape(3, 5)
    yield case("leakyRelu", lambda x: F.leaky_relu(x, 0.01), [x], {"slope": 0.01})
    yield case("leakyRelu", lambda x: F.leaky_relu(x, 0.3), [x], {"slope": 0.3})
    yield case("gelu", F.gelu, [x], {"approximate": "none"})
    yield case("gelu", lambda x: F.gelu(x, approximate="tanh"), [x], {"approximate": "tanh"})
    yield case("relu", F.relu, [x])
    yield case("tanh", torch.tanh, [x])
    yield case("sigmoid", torch.sigmoid, [x])
    yield case("softplus", lambda x: -F.logsigmoid(-x), [x])
    yield case("identity", lambda x: x * 1, [x])
    yield case("softmax", lambda x: F.softmax(x, -1), [x], {"axis": -1})
    yield case("softmax", lambda x: F.softmax(x, 0), [x], {"axis": 0})


def dense_cases():
    weight, bias = torch.randn(4, 3), torch.randn(3)
    for shape in [(5, 4), (2, 3, 4), (4,)]:
        x = torch.randn(shape)
        yield case("dense", lambda x, w, b: F.linear(x, w.T, b), [x, weight, bias])
        yield case("dense", lambda x, w: F.linear(x, w.T), [x, weight])


def hinge(p, t, reduction):
    losses = F.relu(1 - t * p)
    return {"mean": losses.mean, "sum": losses.sum, "none": lambda: losses}[reduction]()


def loss_cases():
    p, t = 2 * torch.randn(4, 3), 2 * torch.randn(4, 3)
    t[0, 0] = p[0, 0]
    signs = torch.where(t > 0, 1.0, -1.0)
    logits = 3 * torch.randn(4, 5)
    logits[0] += 1e3
    logits[1, 2] = 40
    labels = torch.tensor([3, 2, 0, 4])
    probabilities = torch.softmax(torch.randn(4, 5), 1)
    chances = torch.rand(4, 3)
    chances[0, 0], chances[0, 1] = 0, 1
    scores = 5 * torch.randn(4, 3)
    scores[0, 0], scores[0, 1], scores[1, 0] = -40, 40, 0

    for reduction in ["mean", "sum", "none"]:
        r = {"reduction": reduction}
        yield case("mse", lambda p, t: F.mse_loss(p, t, **r), [p, t], r)
        yield case("l1", lambda p, t: F.l1_loss(p, t, **r), [p, t], r)
        for delta in [1, 0.4]:
            yield case("huber", lambda p, t: F.huber_loss(p, t, delta=delta, **r), [p, t], {**r, "delta": delta})
        yield case("hinge", lambda p, t: hinge(p, t, **r), [p], r, [signs])
        yield case(
            "binaryCrossEntropy",
            lambda x, t: F.binary_cross_entropy_with_logits(x, t, **r),
            [scores],
            r,
            [chances],
        )
        for smoothing, target in itertools.product([0, 0.1, 1], [labels.int(), probabilities]):
            of = target.long() if target.ndim == 1 else target
            yield case(
                "crossEntropy",
                lambda x, _: F.cross_entropy(x, of, label_smoothing=smoothing, **r),
                [logits],
                {**r, "labelSmoothing": smoothing},
                [target],
            )


def gains():
    names = {"linear": "linear", "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "leakyRelu": "leaky_relu"}
    return {ours: torch.nn.init.calculate_gain(theirs) for ours, theirs in names.items()}


cases = [*activation_cases(), *dense_cases(), *loss_cases()]
text = json.dumps({"torch": torch.__version__, "gains": gains(), "cases": "@"})
lines = ",\n".join(json.dumps(c) for c in cases)
pathlib.Path(__file__).with_name("functions.json").write_text(text.replace('"@"', f"[\n{lines}\n]") + "\n")
