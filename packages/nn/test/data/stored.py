"""What the scripts that store PyTorch's values of layers have in common."""

import json
import pathlib

import torch


def values(x):
    return {"shape": list(x.shape), "data": x.detach().flatten().tolist()}


def seed(y):
    """The cotangent 1, -1/2, 1/3, ... of a result."""
    return torch.tensor([(-1.0) ** i / (i + 1) for i in range(y.numel())]).reshape(y.shape)


def case(layer, arguments, module, run, inputs, names, options=None, training=True):
    """
    A module's results on inputs, and the gradients of the sum of the results times their seeds.

    `names` gives, for each of the parameters and buffers of tapegrad's layer, how to have it from PyTorch's: a function from
    a dictionary of tensors, the parameters or buffers by PyTorch's names, to a tensor.
    """
    module.train(training)
    module.zero_grad()
    own = {name: x.detach().clone() for name, x in [*module.named_parameters(), *module.named_buffers()]}
    inputs = [x.clone().requires_grad_() if x.is_floating_point() else x for x in inputs]
    results = run(module, *inputs)
    results = list(results) if isinstance(results, tuple) else [results]
    sum((y * seed(y)).sum() for y in results).backward()
    zero = lambda x: torch.zeros_like(x) if x.grad is None else x.grad
    gradients = {name: zero(x) for name, x in module.named_parameters()}
    after = dict(module.named_buffers())

    def by_name(tensors):
        found = {}
        for name, take in names.items():
            try:
                found[name] = values(take(tensors).double())
            except KeyError:
                pass
        return found

    return {
        "layer": layer,
        "arguments": arguments,
        "options": options or {},
        "training": training,
        "state": by_name(own),
        "inputs": [{"dtype": str(x.dtype).removeprefix("torch."), **values(x)} for x in inputs],
        "results": [values(y) for y in results],
        "inputGradients": [values(zero(x)) if x.is_floating_point() else None for x in inputs],
        "gradients": by_name(gradients),
        "buffers": by_name(after),
    }


def same(**names):
    """tapegrad's names with PyTorch's, where the tensors are the same."""
    return {ours: (lambda theirs: lambda tensors: tensors[theirs])(theirs) for ours, theirs in names.items()}



def store(script, cases):
    lines = ",\n".join(json.dumps(c) for c in cases)
    text = f'{{"torch": "{torch.__version__}", "cases": [\n{lines}\n]}}\n'
    path = pathlib.Path(script)
    path.with_name(path.stem.removeprefix("make_") + ".json").write_text(text)
