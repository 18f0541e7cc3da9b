"""PyTorch's values, states and gradients of the recurrent layers and cells, in float64, in recurrent.json.

Run with torch 2.13: python make_recurrent.py
"""

import itertools
import json
import pathlib

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_default_dtype(torch.float64)
torch.manual_seed(2)

BATCH, STEPS, INPUT, HIDDEN = 3, 4, 3, 2


def stored(x):
    return {"shape": list(x.shape), "data": [float(f"{v:.14g}") for v in x.detach().flatten().tolist()]}


def seed(x):
    return torch.tensor([(-1.0) ** i / (i + 1) for i in range(x.numel())]).reshape(x.shape)


def case(kind, module, options, x, states, run, **more):
    """All that a run gives, and the gradients of the sum of its elements times the weights 1, -1/2, 1/3, ... of each."""
    inputs = [t.clone().requires_grad_() for t in [x, *(states or [])]]
    results = run(inputs[0], inputs[1:] if states else None)
    loss = sum((result * seed(result)).sum() for result in results)
    weights = dict(module.named_parameters())
    gradients = torch.autograd.grad(loss, [*inputs, *weights.values()])
    return {
        "kind": kind,
        "options": options,
        **more,
        "x": stored(x),
        "states": [stored(s) for s in states] if states else None,
        "weights": {name: stored(w) for name, w in weights.items()},
        "results": [stored(r) for r in results],
        "gradients": [stored(g) for g in gradients],
    }


def as_torch(options):
    names = {"numLayers": "num_layers"}
    return {names.get(name, name): value for name, value in options.items()}


def layer_cases():
    plain = [{}, {"numLayers": 2, "bidirectional": True}, {"bias": False, "bidirectional": True}, {"numLayers": 3}]
    for kind, options, lengths in itertools.product(["RNN", "LSTM", "GRU"], plain, [None, [2, 4, 1], [3, 3, 2]]):
        if kind == "RNN" and "numLayers" in options:
            options = {**options, "nonlinearity": "relu"}
        module = getattr(torch.nn, kind)(INPUT, HIDDEN, batch_first=True, **as_torch(options))
        x = torch.randn(BATCH, STEPS, INPUT)
        directions = 2 if options.get("bidirectional") else 1
        shape = options.get("numLayers", 1) * directions, BATCH, HIDDEN
        states = [torch.randn(shape) for _ in range(2 if kind == "LSTM" else 1)]
        # Without states now and then.
        states = None if lengths == [3, 3, 2] else states

        def run(x, given):
            initial = None if given is None else tuple(given) if kind == "LSTM" else given[0]
            if lengths is None:
                output, final = module(x, initial)
            else:
                packed = pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
                output, final = module(packed, initial)
                output, _ = pad_packed_sequence(output, batch_first=True, total_length=STEPS)
            return [output, *(final if kind == "LSTM" else [final])]

        yield case(kind, module, options, x, states, run, lengths=lengths)


def cell_cases():
    for kind, options in [
        ("RNNCell", {}),
        ("RNNCell", {"nonlinearity": "relu", "bias": False}),
        ("LSTMCell", {}),
        ("LSTMCell", {"bias": False}),
        ("GRUCell", {}),
        ("GRUCell", {"bias": False}),
    ]:
        module = getattr(torch.nn, kind)(INPUT, HIDDEN, **options)
        for given in [True, False]:
            count = 2 if kind == "LSTMCell" else 1
            states = [torch.randn(BATCH, HIDDEN) for _ in range(count)] if given else None

            def run(x, given):
                result = module(x, None if given is None else tuple(given) if count == 2 else given[0])
                return list(result) if count == 2 else [result]

            yield case(kind, module, options, torch.randn(BATCH, INPUT), states, run)


cases = [*layer_cases(), *cell_cases()]
lines = ",\n".join(json.dumps(c) for c in cases)
text = json.dumps({"torch": torch.__version__, "cases": "@"}).replace('"@"', f"[\n{lines}\n]")
pathlib.Path(__file__).with_name("recurrent.json").write_text(text + "\n")
