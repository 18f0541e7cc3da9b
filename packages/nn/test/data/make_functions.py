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
    yield case("elu", lambda x: F.elu(x, 0.7), [x], {"alpha": 0.7})
    yield case("selu", F.selu, [x])
    yield case("silu", F.silu, [x])
    yield case("hardtanh", lambda x: F.hardtanh(x, -0.5, 2), [x], {"low": -0.5, "high": 2})
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


def each_reduction(call, f, inputs, options=None, constants=()):
    for reduction in ["mean", "none"]:
        r = {"reduction": reduction}
        yield case(call, lambda *xs: f(*xs, **r), inputs, {**(options or {}), **r}, constants)


def regression_loss_cases():
    p, t = 2 * torch.randn(4, 3), 2 * torch.randn(4, 3)
    t[0, 0] = p[0, 0]
    for beta in [0, 0.4, 1]:
        yield from each_reduction("smoothL1", lambda p, t, **r: F.smooth_l1_loss(p, t, beta=beta, **r), [p, t], {"beta": beta})
    for full, variance in itertools.product([False, True], [torch.randn(4, 3), torch.randn(4, 1)]):
        yield from each_reduction(
            "gaussianNll",
            lambda p, t, v, **r: F.gaussian_nll_loss(p, t, v * v + 0.1, full=full, **r),
            [p, t, variance],
            {"full": full},
        )
    counts = torch.tensor([[0.0, 1, 2], [3, 0, 10], [1, 5, 4], [0, 0.5, 1.5]])
    for log, full in itertools.product([True, False], [True, False]):
        yield from each_reduction(
            "poissonNll",
            lambda p, t, **r: F.poisson_nll_loss(p if log else p * p + 0.5, t, log_input=log, full=full, **r),
            [p],
            {"logInput": log, "full": full},
            [counts],
        )
    logs, shares = torch.log_softmax(torch.randn(4, 3), 1), torch.softmax(torch.randn(4, 3), 1)
    shares[0, 0] = 0
    for reduction in ["mean", "none", "batchMean"]:
        r = {"reduction": reduction.lower()}
        o = {"reduction": reduction}
        yield case("klDivergence", lambda x, t: F.kl_div(x, t, **r), [logs], o, [shares])
        o = {**o, "logTarget": True}
        yield case("klDivergence", lambda x, t: F.kl_div(x, t, log_target=True, **r), [logs, torch.randn(4, 3)], o)


def sigmoid_focal(x, t, alpha, gamma, reduction):
    """As torchvision.ops.sigmoid_focal_loss."""
    p = torch.sigmoid(x)
    losses = F.binary_cross_entropy_with_logits(x, t, reduction="none") * (1 - (p * t + (1 - p) * (1 - t))) ** gamma
    if alpha >= 0:
        losses = (alpha * t + (1 - alpha) * (1 - t)) * losses
    return {"mean": losses.mean, "sum": losses.sum, "none": lambda: losses}[reduction]()


def binary_loss_cases():
    x, t = 3 * torch.randn(4, 3), torch.rand(4, 3)
    t[0, 0], t[0, 1], t[1, 0] = 0, 1, 1
    for alpha, gamma in [(0.25, 2), (-1, 0.5), (0.6, 0), (0.5, 1)]:
        yield from each_reduction(
            "sigmoidFocal",
            lambda x, t, **r: sigmoid_focal(x, t, alpha, gamma, **r),
            [x],
            {"alpha": alpha, "gamma": gamma},
            [t],
        )
    for weight in [torch.tensor(3.0), torch.rand(3), torch.rand(4, 1)]:
        yield from each_reduction(
            "binaryCrossEntropyWeighted",
            lambda x, t, w, **r: F.binary_cross_entropy_with_logits(x, t, pos_weight=w, **r),
            [x],
            {},
            [t, weight],
        )


def softmax_focal(x, t, w, gamma, ignore, reduction):
    entropies = F.cross_entropy(x, t, ignore_index=ignore, reduction="none")
    losses = w[t.clamp(0)] * (1 - torch.exp(-entropies)) ** gamma * entropies
    mean = lambda: losses.sum() / torch.where(t == ignore, 0, w[t.clamp(0)]).sum()
    return {"mean": mean, "sum": losses.sum, "none": lambda: losses}[reduction]()


def classification_loss_cases():
    weight = torch.tensor([0.5, 2, 1, 0.1, 3])
    flat = 3 * torch.randn(4, 5), torch.tensor([3, 2, 0, 4])
    deep = torch.randn(2, 5, 3, 2), torch.randint(0, 5, (2, 3, 2))
    ignoring = flat[0], torch.tensor([3, -7, 0, -7])
    for (x, labels), smoothing in itertools.product([flat, deep, ignoring], [0, 0.3]):
        ignore = {"ignoreIndex": -7} if -7 in labels else {}
        yield from each_reduction(
            "crossEntropyWeighted",
            lambda x, _, w, **r: F.cross_entropy(x, labels, w, ignore_index=-7, label_smoothing=smoothing, **r),
            [x],
            {**ignore, "labelSmoothing": smoothing},
            [labels.int(), weight],
        )
        yield from each_reduction(
            "crossEntropy",
            lambda x, _, **r: F.cross_entropy(x, labels, ignore_index=-7, label_smoothing=smoothing, **r),
            [x],
            {**ignore, "labelSmoothing": smoothing},
            [labels.int()],
        )
        shares = torch.softmax(torch.randn(x.shape), 1)
        yield from each_reduction(
            "crossEntropyWeighted",
            lambda x, t, w, **r: F.cross_entropy(x, t, w, label_smoothing=smoothing, **r),
            [x],
            {"labelSmoothing": smoothing},
            [shares, weight],
        )
    for x, labels in [flat, deep, ignoring]:
        ignore = {"ignoreIndex": -7} if -7 in labels else {}
        yield from each_reduction(
            "nll", lambda x, _, **r: F.nll_loss(x, labels, ignore_index=-7, **r), [x], ignore, [labels.int()]
        )
        yield from each_reduction(
            "nllWeighted",
            lambda x, _, w, **r: F.nll_loss(x, labels, w, ignore_index=-7, **r),
            [x],
            ignore,
            [labels.int(), weight],
        )
        for gamma in [2, 0.5]:
            yield from each_reduction(
                "softmaxFocalWeighted",
                lambda x, _, w, **r: softmax_focal(x, labels, w, gamma, -7, **r),
                [x],
                {**ignore, "gamma": gamma},
                [labels.int(), weight],
            )


def margin_loss_cases():
    x, labels, weight = torch.randn(4, 5), torch.tensor([3, 2, 0, 4]), torch.tensor([0.5, 2, 1, 0.1, 3])
    for power, margin in itertools.product([1, 2], [1, 0.3]):
        o = {"power": power, "margin": margin}
        yield from each_reduction(
            "multiMargin",
            lambda x, _, **r: F.multi_margin_loss(x, labels, p=power, margin=margin, **r),
            [x],
            o,
            [labels.int()],
        )
        yield from each_reduction(
            "multiMarginWeighted",
            lambda x, _, w, **r: F.multi_margin_loss(x, labels, p=power, margin=margin, weight=w, **r),
            [x],
            o,
            [labels.int(), weight],
        )
    lists = torch.tensor([[3, 0, -1, 1, 1], [-1, 0, 0, 0, 0], [0, 1, 2, 3, 4], [2, 2, -1, 0, 0]])
    yield from each_reduction(
        "multiLabelMargin", lambda x, _, **r: F.multilabel_margin_loss(x, lists, **r), [x], {}, [lists.int()]
    )


def ranking_loss_cases():
    a, b, c = torch.randn(4, 3), torch.randn(4, 3), torch.randn(4, 3)
    signs = torch.tensor([1.0, -1, -1, 1])
    for margin in [0, 0.5, -0.5]:
        yield from each_reduction(
            "cosineEmbedding",
            lambda a, b, y, **r: F.cosine_embedding_loss(a, b, y, margin=margin, **r),
            [a, b],
            {"margin": margin},
            [signs],
        )
    for margin, order, swap in itertools.product([1, 3], [1, 2], [False, True]):
        yield from each_reduction(
            "tripletMargin",
            lambda a, p, n, **r: F.triplet_margin_loss(a, p, n, margin=margin, p=order, swap=swap, **r),
            [a, b, c],
            {"margin": margin, "order": order, "swap": swap},
        )


def ctc_loss_cases():
    x = torch.randn(4, 6, 4)
    plain = torch.tensor([[1, 2, 2], [3, 1, 3], [2, 3, 1], [1, 1, 1]])
    # The last cannot be produced: three equal labels take five steps.
    for blank, targets, inputs, lengths, infinity in [
        (0, plain, [6, 6, 6, 6], [3, 3, 3, 3], False),
        (0, plain, [6, 5, 4, 6], [3, 2, 0, 1], False),
        (3, plain % 3, [3, 6, 1, 4], [2, 2, 1, 2], False),
        (0, plain, [6, 5, 3, 4], [3, 1, 3, 3], True),
    ]:
        yield from each_reduction(
            "ctc",
            lambda x, t, n, m, **r: F.ctc_loss(
                torch.log_softmax(x, 2).permute(1, 0, 2),
                targets,
                torch.tensor(inputs),
                torch.tensor(lengths),
                blank=blank,
                zero_infinity=infinity,
                **r,
            ),
            [x],
            {"blank": blank, "zeroInfinity": infinity},
            [targets.int(), torch.tensor(inputs).int(), torch.tensor(lengths).int()],
        )


def gains():
    names = {"linear": "linear", "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "leakyRelu": "leaky_relu"}
    return {ours: torch.nn.init.calculate_gain(theirs) for ours, theirs in names.items()}


cases = [
    *activation_cases(),
    *dense_cases(),
    *loss_cases(),
    *regression_loss_cases(),
    *binary_loss_cases(),
    *classification_loss_cases(),
    *margin_loss_cases(),
    *ranking_loss_cases(),
    *ctc_loss_cases(),
]
text = json.dumps({"torch": torch.__version__, "gains": gains(), "cases": "@"})
lines = ",\n".join(json.dumps(c) for c in cases)
pathlib.Path(__file__).with_name("functions.json").write_text(text.replace('"@"', f"[\n{lines}\n]") + "\n")
