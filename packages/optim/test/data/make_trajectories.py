"""The parameters of a small problem under PyTorch's optimizers, in float64, over 1,000 steps, in trajectories.json.

Run with torch 2.13: python make_trajectories.py
"""

import json
import pathlib

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.set_default_dtype(torch.float64)

# A network of one hidden layer on eight points, and a quadratic that keeps its curvature from vanishing. The targets move from
# step to step, as in mini-batches, since optimizers that divide by the size of vanishing gradients magnify rounding.
x = torch.tensor([[((7 * i + 3 * j) % 11) / 5 - 1 for j in range(3)] for i in range(8)])
y = torch.tensor([[(5 * i % 8) / 4 - 1] for i in range(8)])
start = {
    "w1": [[((3 * i + 5 * j) % 7) / 7 - 0.5 for j in range(4)] for i in range(3)],
    "b1": [0.1, -0.2, 0.3, -0.4],
    "w2": [[0.5], [-0.3], [0.7], [0.2]],
}


def loss(step, w1, b1, w2):
    target = y + (7 * step % 11) / 5 - 1
    return ((torch.tanh(x @ w1 + b1) @ w2 - target) ** 2).mean() + 0.01 * (w1**2).sum()


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al. 2023, "Symbolic discovery of optimization algorithms"; PyTorch has none."""

    def __init__(self, params, lr, beta1=0.9, beta2=0.99, weight_decay=0.0, maximize=False):
        super().__init__(params, dict(lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay, maximize=maximize))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                g = -p.grad if group["maximize"] else p.grad
                g = g + group["weight_decay"] * p
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.sub_(group["lr"] * torch.sign(group["beta1"] * m + (1 - group["beta1"]) * g))
                m.mul_(group["beta2"]).add_(g, alpha=1 - group["beta2"])


optimizers = {"Lion": Lion}
sampled = [1, 2, 10, 100, 1000]
renamed = {
    "learningRate": "lr",
    "weightDecay": "weight_decay",
    "momentumDecay": "momentum_decay",
    "learningRateDecay": "lr_decay",
    "initialAccumulatorValue": "initial_accumulator_value",
}


def translated(ours, optimizer):
    """Our options under PyTorch's names; a decoupled decay is apart from them, since not all of its optimizers have it."""
    theirs = {renamed.get(k, k): v for k, v in ours.items() if k not in ("decay", "beta1", "beta2")}
    if optimizer == "Lion":
        return theirs | {k: v for k, v in ours.items() if k.startswith("beta")}
    if "beta1" in ours:
        theirs["betas"] = (ours["beta1"], ours["beta2"])
    return theirs


def variant(optimizer, title="as it is", own=None, halvedAt=None, **options):
    """Our options, and where they lead PyTorch's optimizer; `own` are the options of a group for w2."""
    parameters = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    w1, b1, w2 = parameters.values()
    theirs = translated(options, optimizer)
    decay = theirs.pop("weight_decay", 0.0) if options.get("decay") == "decoupled" else 0.0
    if optimizer == "AdamW" and "weight_decay" not in theirs:
        theirs["weight_decay"] = 0.01
    groups = [{"params": [w1, b1]}, {"params": [w2], **translated(own or {}, optimizer)}]
    torch_optimizer = optimizers.get(optimizer, getattr(torch.optim, optimizer, None))(groups, **theirs)
    samples = []
    for step in range(1, max(sampled) + 1):
        torch_optimizer.zero_grad()
        value = loss(step, w1, b1, w2)
        (-value if options.get("maximize") else value).backward()
        for group in torch_optimizer.param_groups:
            if step == halvedAt:
                group["lr"] /= 2
            with torch.no_grad():
                for p in group["params"]:
                    p.mul_(1 - group["lr"] * decay)
        torch_optimizer.step()
        if step in sampled:
            samples.append([x for p in parameters.values() for x in p.detach().flatten().tolist()])
    return {
        "optimizer": optimizer,
        "title": title,
        "options": options,
        "own": own or {},
        "halvedAt": halvedAt,
        "samples": samples,
    }


def decays(optimizer, rate):
    return [
        variant(optimizer, learningRate=rate),
        variant(optimizer, "l2 decay", learningRate=rate, weightDecay=0.05, decay="l2"),
        variant(optimizer, "decoupled decay", learningRate=rate, weightDecay=0.05, decay="decoupled"),
    ]


def moments(optimizer, rate):
    return [
        *decays(optimizer, rate),
        variant(optimizer, "other means", learningRate=rate, beta1=0.6, beta2=0.95, eps=1e-3),
    ]


variants = [
    *decays("SGD", 0.1),
    variant("SGD", "maximize", learningRate=0.1, maximize=True),
    variant("SGD", "a learning rate that changes", learningRate=0.1, halvedAt=200, momentum=0.5),
    variant("SGD", "momentum", learningRate=0.05, momentum=0.9),
    variant("SGD", "momentum and dampening", learningRate=0.05, momentum=0.9, dampening=0.3),
    variant("SGD", "negative dampening", learningRate=0.02, momentum=0.8, dampening=-0.2),
    variant("SGD", "nesterov", learningRate=0.05, momentum=0.9, nesterov=True),
    variant(
        "SGD", "momentum, dampening and l2 decay", learningRate=0.05, momentum=0.9, dampening=0.5, weightDecay=0.02
    ),
    variant(
        "SGD",
        "momentum, dampening and decoupled decay",
        learningRate=0.05,
        momentum=0.9,
        dampening=0.5,
        weightDecay=0.02,
        decay="decoupled",
    ),
    variant("SGD", "nesterov and l2 decay", learningRate=0.05, momentum=0.9, nesterov=True, weightDecay=0.02),
    variant(
        "SGD",
        "nesterov and decoupled decay",
        learningRate=0.05,
        momentum=0.9,
        nesterov=True,
        weightDecay=0.02,
        decay="decoupled",
    ),
    variant(
        "SGD",
        "a group with options of its own",
        own={"learningRate": 0.01, "momentum": 0.5, "weightDecay": 0.1},
        learningRate=0.05,
        momentum=0.9,
    ),
    *moments("Adam", 0.01),
    variant("Adam", "maximize", learningRate=0.01, maximize=True, weightDecay=0.01),
    variant("Adam", "a group of its own", learningRate=0.01, own={"learningRate": 0.002, "weightDecay": 0.1}),
    variant("Adam", "amsgrad", learningRate=0.01, amsgrad=True, weightDecay=0.01),
    variant("AdamW", learningRate=0.01),
    variant("AdamW", "amsgrad", learningRate=0.01, amsgrad=True, weightDecay=0.1),
    *moments("NAdam", 0.01),
    variant("NAdam", "momentum decay", learningRate=0.01, momentumDecay=0.1),
    *moments("RAdam", 0.01),
    *moments("Adamax", 0.01),
    *decays("RMSprop", 0.002),
    variant("RMSprop", "momentum", learningRate=0.002, momentum=0.9),
    variant("RMSprop", "centered", learningRate=0.002, centered=True, alpha=0.9, eps=1e-4),
    variant("RMSprop", "centered, momentum and decay", learningRate=0.002, centered=True, momentum=0.5, weightDecay=0.1),
    *decays("Adagrad", 0.05),
    variant("Adagrad", "decay of the rate", learningRate=0.05, learningRateDecay=0.01),
    variant("Adagrad", "a sum that starts above 0", learningRate=0.05, initialAccumulatorValue=0.1, eps=1e-4),
    *decays("Adadelta", 1.0),
    variant("Adadelta", "another mean", learningRate=0.5, rho=0.99, eps=1e-4),
    *decays("Lion", 0.001),
    variant("Lion", "other means", learningRate=0.001, beta1=0.5, beta2=0.9),
]


def averages():
    """The weights of 300 steps of SGD, averaged after every seventh."""
    model = torch.nn.ParameterList(torch.nn.Parameter(torch.tensor(value)) for value in start.values())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    swa = AveragedModel(model)
    ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    for step in range(1, 301):
        optimizer.zero_grad()
        loss(step, *model).backward()
        optimizer.step()
        if step % 7 == 0:
            swa.update_parameters(model)
            ema.update_parameters(model)
    return {
        name: [x for p in averaged.parameters() for x in p.detach().flatten().tolist()]
        for name, averaged in [("mean", swa), ("moving", ema)]
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
    "averages": averages(),
    "clipped": clipped(),
}
pathlib.Path(__file__).with_name("trajectories.json").write_text(json.dumps(result) + "\n")
