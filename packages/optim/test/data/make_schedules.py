"""Learning rates of PyTorch's schedulers over 1,000 steps, in schedules.json.

Run with torch 2.13: python make_schedules.py
"""

import json
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler as lr

warnings.filterwarnings("ignore")

rate = 0.1
steps = [step for step in range(1001) if step < 20 or step % 25 < 2 or step > 990]


def rates(scheduler, count=1000):
    """The rate at each of the steps up to a count."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)
    schedule = scheduler(optimizer)
    found = []
    for step in range(count + 1):
        if step in steps:
            found.append(optimizer.param_groups[0]["lr"])
        if step < count:
            optimizer.step()
            schedule.step()
    return found


def warm(start, count, scheduler):
    """A scheduler after a warm-up."""
    return lambda o: lr.SequentialLR(
        o, [lr.LinearLR(o, start_factor=start, total_iters=count), scheduler(o)], milestones=[count]
    )


def plateau(metric, **options):
    """After which metrics the rate changes, and to what."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)
    schedule = lr.ReduceLROnPlateau(optimizer, **options)
    last, changes = rate, []
    for step in range(1000):
        schedule.step(metric(step))
        now = optimizer.param_groups[0]["lr"]
        if now != last:
            changes.append([step, now])
        last = now
    return changes


def falling(step):
    """A loss that falls slower and slower, with noise."""
    return 10 / (step + 10) + (7 * step % 11) / 200


result = {
    "torch": torch.__version__,
    "rate": rate,
    "steps": steps,
    "schedules": {
        "stepDecay": rates(lambda o: lr.StepLR(o, 30, gamma=0.9)),
        "multiStepDecay": rates(lambda o: lr.MultiStepLR(o, [30, 80, 500], gamma=0.5)),
        "exponentialDecay": rates(lambda o: lr.ExponentialLR(o, 0.99)),
        "linear": rates(lambda o: lr.PolynomialLR(o, total_iters=700)),
        "linear, to an end": rates(lambda o: lr.LinearLR(o, start_factor=1.0, end_factor=0.25, total_iters=400)),
        "polynomial": rates(lambda o: lr.PolynomialLR(o, total_iters=700, power=2.5)),
        "cosine": rates(lambda o: lr.CosineAnnealingLR(o, 1000)),
        "cosine, to an end": rates(lambda o: lr.CosineAnnealingLR(o, 1000, eta_min=0.01)),
        "cosineRestarts": rates(lambda o: lr.CosineAnnealingWarmRestarts(o, 100)),
        "cosineRestarts, growing": rates(lambda o: lr.CosineAnnealingWarmRestarts(o, 50, T_mult=2, eta_min=0.001)),
        "oneCycle": rates(lambda o: lr.OneCycleLR(o, rate, total_steps=1001)),
        "oneCycle, linear": rates(lambda o: lr.OneCycleLR(o, rate, total_steps=1001, anneal_strategy="linear")),
        "oneCycle, three phases": rates(lambda o: lr.OneCycleLR(o, rate, total_steps=1001, three_phase=True)),
        "oneCycle, other factors": rates(
            lambda o: lr.OneCycleLR(o, rate, total_steps=1001, pct_start=0.1, div_factor=5.0, final_div_factor=100.0)
        ),
        "warmUp": rates(warm(0.1, 100, lambda o: lr.CosineAnnealingLR(o, 900))),
        "warmUp of a constant": rates(lambda o: lr.LinearLR(o, total_iters=50)),
        "sequence": rates(
            lambda o: lr.SequentialLR(o, [lr.ConstantLR(o, factor=1.0), lr.ExponentialLR(o, 0.99)], milestones=[300])
        ),
    },
    "plateaus": [
        {"options": ours, "maximum": ours.get("mode") == "max", "changes": plateau(metric, **theirs)}
        for ours, theirs, metric in [
            ({}, {}, falling),
            ({"factor": 0.5, "patience": 3}, {"factor": 0.5, "patience": 3}, falling),
            (
                {"factor": 0.8, "patience": 5, "cooldown": 20, "minLearningRate": 0.01},
                {"factor": 0.8, "patience": 5, "cooldown": 20, "min_lr": 0.01},
                falling,
            ),
            (
                {"factor": 0.5, "patience": 20, "threshold": 0.01, "thresholdMode": "abs"},
                {"factor": 0.5, "patience": 20, "threshold": 0.01, "threshold_mode": "abs"},
                falling,
            ),
            (
                {"mode": "max", "factor": 0.5, "patience": 20, "threshold": 0.01},
                {"mode": "max", "factor": 0.5, "patience": 20, "threshold": 0.01},
                lambda step: 2 - falling(step),
            ),
            (
                {"mode": "max", "factor": 0.7, "thresholdMode": "abs", "eps": 0.001},
                {"mode": "max", "factor": 0.7, "threshold_mode": "abs", "eps": 0.001},
                lambda step: 2 - falling(step),
            ),
        ]
    ],
}
pathlib.Path(__file__).with_name("schedules.json").write_text(json.dumps(result) + "\n")
