"""The parameters of a small problem under PyTorch's SGD, in float64, over 1,000 steps, in trajectories.json.

Run with torch 2.13: python make_trajectories.py
"""

import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)

# A network of one hidden layer on eight points, and a quadratic that keeps its curvature from vanishing.
x = torch.tensor([[((7 * i + 3 * j) % 11) / 5 - 1 for j in range(3)] for i in range(8)])
y = torch.tensor([[(5 * i % 8) / 4 - 1] for i in range(8)])
start = {
    "w1": [[((3 * i + 5 * j) % 7) / 7 - 0.5 for j in range(4)] for i in range(3)],
    "b1": [0.1, -0.2, 0.3, -0.4],
    "w2": [[0.5], [-0.3], [0.7], [0.2]],
}


def loss(w1, b1, w2):
    return ((torch.tanh(x @ w1 + b1) @ w2 - y) ** 2).mean() + 0.01 * (w1**2).sum()


def decoupled(parameters, rate, decay):
    with torch.no_grad():
        for p in parameters:
            p.mul_(1 - rate * decay)


sampled = [1, 2, 3, 10, 100, 300, 1000]


def trajectory(torch_options, decay=0.0, own=None, schedule=lambda step, rate: rate):
    """Samples of all parameters; `own` are the options of a group for w2, `decay` is decoupled."""
    parameters = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    w1, b1, w2 = parameters.values()
    groups = [{"params": [w1, b1]}, {"params": [w2], **(own or {})}]
    optimizer = torch.optim.SGD(groups, **torch_options)
    samples = []
    for step in range(1, max(sampled) + 1):
        optimizer.zero_grad()
        loss(w1, b1, w2).backward()
        for group in optimizer.param_groups:
            group["lr"] = schedule(step, group["lr"])
            decoupled(group["params"], group["lr"], decay)
        optimizer.step()
        if step in sampled:
            samples.append({name: p.detach().flatten().tolist() for name, p in parameters.items()})
    return samples


def variant(learningRate, own=None, halvedAt=None, **options):
    """Our options, and the samples of PyTorch's optimizer under its names for them."""
    is_decoupled = options.get("decay") == "decoupled"
    theirs = {"learningRate": "lr", "weightDecay": "weight_decay"}

    def translate(ours):
        return {theirs.get(k, k): v for k, v in ours.items() if k != "decay" and not (is_decoupled and k == "weightDecay")}

    return {
        "options": {"learningRate": learningRate, **options},
        "own": own or {},
        "halvedAt": halvedAt,
        "samples": trajectory(
            translate({"learningRate": learningRate, **options}),
            options["weightDecay"] if is_decoupled else 0.0,
            translate(own or {}),
            lambda step, rate: rate / 2 if step == halvedAt else rate,
        ),
    }


variants = {
    "plain": variant(0.1),
    "momentum": variant(0.05, momentum=0.9),
    "momentum and dampening": variant(0.05, momentum=0.9, dampening=0.3),
    "negative dampening": variant(0.02, momentum=0.8, dampening=-0.2),
    "nesterov": variant(0.05, momentum=0.9, nesterov=True),
    "l2 decay": variant(0.1, weightDecay=0.01),
    "decoupled decay": variant(0.1, weightDecay=0.01, decay="decoupled"),
    "momentum, dampening and l2 decay": variant(0.05, momentum=0.9, dampening=0.5, weightDecay=0.02),
    "momentum, dampening and decoupled decay": variant(
        0.05, momentum=0.9, dampening=0.5, weightDecay=0.02, decay="decoupled"
    ),
    "nesterov and l2 decay": variant(0.05, momentum=0.9, nesterov=True, weightDecay=0.02),
    "nesterov and decoupled decay": variant(0.05, momentum=0.9, nesterov=True, weightDecay=0.02, decay="decoupled"),
    "a group of its own": variant(0.05, own={"learningRate": 0.01, "momentum": 0.5, "weightDecay": 0.1}, momentum=0.9),
    "a learning rate that changes": variant(0.1, halvedAt=200, momentum=0.5),
}


def clipped():
    """Gradients and what PyTorch's clipping makes of them."""
    gradients = {name: (10 * torch.tensor(value) ** 3) for name, value in start.items()}

    def after(clip, limit):
        parameters = [torch.zeros_like(g) for g in gradients.values()]
        for p, g in zip(parameters, gradients.values()):
            p.grad = g.clone()
        norm = clip(parameters, limit)
        found = {name: p.grad.flatten().tolist() for name, p in zip(gradients, parameters)}
        return {"limit": limit, "norm": None if norm is None else norm.item(), "gradients": found}

    return {
        "gradients": {name: g.flatten().tolist() for name, g in gradients.items()},
        "norm": [after(torch.nn.utils.clip_grad_norm_, limit) for limit in [0.5, 3.0, 100.0]],
        "value": [after(torch.nn.utils.clip_grad_value_, limit) for limit in [0.2, 1.0, 100.0]],
    }


result = {
    "torch": torch.__version__,
    "x": x.tolist(),
    "y": y.tolist(),
    "start": start,
    "sampled": sampled,
    "variants": variants,
    "clipped": clipped(),
}
pathlib.Path(__file__).with_name("trajectories.json").write_text(json.dumps(result) + "\n")
