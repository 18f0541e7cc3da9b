"""Where PyTorch's LBFGS goes, in float64, in lbfgs.json.

Run with torch 2.13: python make_lbfgs.py
"""

import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)

x = torch.tensor([[((7 * i + 3 * j) % 11) / 5 - 1 for j in range(3)] for i in range(8)])
y = torch.tensor([[(5 * i % 8) / 4 - 1] for i in range(8)])


def rosenbrock(a, b):
    return (a[0] - 1) ** 2 + 100 * (b[0] - a[0] ** 2) ** 2


def network(w1, b1, w2):
    return ((torch.tanh(x @ w1 + b1) @ w2 - y) ** 2).mean() + 0.1 * (w1**2).sum() + 0.1 * (w2**2).sum()


def valley(a, b):
    """Has no least value: long steps pay."""
    return (-a[0] + b[0] ** 2) / 100 + torch.log(1 + a[0] ** 2) / 200


problems = {
    "rosenbrock": (rosenbrock, [[-1.2], [1.0]]),
    "network": (
        network,
        [
            [[((3 * i + 5 * j) % 7) / 7 - 0.5 for j in range(4)] for i in range(3)],
            [0.1, -0.2, 0.3, -0.4],
            [[0.5], [-0.3], [0.7], [0.2]],
        ],
    ),
    "valley": (valley, [[0.0], [3.0]]),
}
renamed = {
    "learningRate": "lr",
    "maxIter": "max_iter",
    "maxEval": "max_eval",
    "toleranceGrad": "tolerance_grad",
    "toleranceChange": "tolerance_change",
    "historySize": "history_size",
}


def variant(problem, title, steps, lineSearch="strongWolfe", **options):
    loss, start = problems[problem]
    parameters = [torch.tensor(value, requires_grad=True) for value in start]
    theirs = {renamed[k]: v for k, v in options.items()}
    search = "strong_wolfe" if lineSearch == "strongWolfe" else None
    optimizer = torch.optim.LBFGS(parameters, line_search_fn=search, **theirs)

    def closure():
        optimizer.zero_grad()
        value = loss(*parameters)
        value.backward()
        return value

    samples = {}
    for step in range(1, steps + 1):
        value = optimizer.step(closure).item()
        if step <= 5 or step in (10, 30, 100, 300, 1000):
            samples[step] = {
                "loss": value,
                "evaluations": optimizer.state[optimizer._params[0]]["func_evals"],
                "elements": [e for p in parameters for e in p.detach().flatten().tolist()],
            }
    return {
        "problem": problem,
        "title": title,
        "options": {"lineSearch": lineSearch, **options},
        "samples": samples,
    }


result = {
    "torch": torch.__version__,
    "x": x.tolist(),
    "y": y.tolist(),
    "starts": {name: start for name, (_, start) in problems.items()},
    "variants": [
        variant("rosenbrock", "as it is", 1000),
        variant("rosenbrock", "one direction a step", 1000, maxIter=1, maxEval=20),
        variant("rosenbrock", "one direction and evaluation a step", 1000, maxIter=1, learningRate=0.5),
        variant("rosenbrock", "a short history", 30, historySize=2, maxIter=4),
        variant("rosenbrock", "no line search", 1000, lineSearch="none", learningRate=0.05, maxIter=3),
        variant("rosenbrock", "few evaluations", 100, maxEval=4),
        variant("network", "as it is", 1000),
        variant("network", "one direction a step", 30, maxIter=1, maxEval=20),
        variant("network", "a short history and narrow tolerances", 30, historySize=3, toleranceGrad=1e-10, toleranceChange=1e-13),
        variant("network", "no line search", 1000, lineSearch="none", learningRate=0.2),
        variant("network", "a short first step", 10, learningRate=0.01, maxIter=5),
        variant("valley", "as it is", 10),
        variant("valley", "a short first step", 10, learningRate=0.001),
    ],
}
pathlib.Path(__file__).with_name("lbfgs.json").write_text(json.dumps(result) + "\n")
