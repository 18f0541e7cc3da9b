"""The workloads in PyTorch, as its users would write them: a function a family, giving ``(step, read)``."""

import torch
from torch import nn
from torch.nn import functional as F

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}
LOSSES = {"crossEntropy": F.cross_entropy, "mse": F.mse_loss}


def tensor(array, dtype):
    """An array as a tensor, in the run's dtype where it holds floats."""
    result = torch.from_numpy(array)
    return result.to(dtype) if result.is_floating_point() else result


def fill(layer, parameters, dtype, transpose=False):
    """Gives a layer its first weight and bias; a dense weight arrives as [in, out]."""
    weight, bias = (tensor(each, dtype) for each in parameters)
    with torch.no_grad():
        layer.weight.copy_(weight.T if transpose else weight)
        layer.bias.copy_(bias)
    return layer


def training(model, loss, learning_rate, batch):
    """Steps of SGD; the loss of each is read."""
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    last = [float("nan")]

    def step():
        x, y = batch()
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        last[0] = value.item()

    return step, lambda: {"loss": torch.tensor(last, dtype=torch.float64)}


def latest(names, compute):
    """Steps that keep the tensors of the last one."""
    results = {}

    def step():
        results.update(zip(names, compute()))

    return step, lambda: {name: result.detach() for name, result in results.items()}


def mlp(spec, inputs, dtype):
    modules = []
    for parameters in inputs["layers"]:
        fan_in, out = parameters[0].shape
        modules += [fill(nn.Linear(fan_in, out, dtype=dtype), parameters, dtype, transpose=True)]
        modules += [ACTIVATIONS[spec["activation"]]()]
    model = nn.Sequential(*modules[:-1])

    def make_batch():
        # A copy, as a loader makes one: the batch does not share the host's array.
        return tensor(inputs["x"], dtype).clone(), tensor(inputs["y"], dtype).clone()

    kept = make_batch()
    batch = make_batch if spec["batches"] == "streamed" else lambda: kept
    return training(model, LOSSES[spec["loss"]], spec["learningRate"], batch)


def matmul(spec, inputs, dtype):
    shape = [spec["size"]] * 2 if spec["batch"] == 1 else [spec["batch"], spec["size"], spec["size"]]
    a = tensor(inputs["a"], dtype).reshape(shape)
    b = tensor(inputs["b"], dtype).reshape(shape)
    left = a.mT if spec["transposed"] == "left" else a
    right = b.mT if spec["transposed"] == "right" else b
    return latest(["product"], lambda: [left @ right])


def elementwise(spec, inputs, dtype):
    backward = spec["backward"]
    a, b, c, d = operands = [tensor(inputs[name], dtype).requires_grad_(backward) for name in "abcd"]
    seed = torch.ones(spec["size"], dtype=dtype)

    def compute():
        y = torch.tanh(a * b + c) * torch.sigmoid(d)
        return [y, *torch.autograd.grad(y, operands, seed)] if backward else [y]

    return latest(["y", "da", "db", "dc", "dd"], compute)


def softmax(spec, inputs, dtype):
    logits = tensor(inputs["logits"], dtype).requires_grad_()
    labels = tensor(inputs["labels"], dtype)

    def compute():
        loss = F.cross_entropy(logits, labels)
        return [loss, *torch.autograd.grad(loss, [logits])]

    return latest(["loss", "gradient"], compute)


def convnet(spec, inputs, dtype):
    modules = []
    for parameters in inputs["convolutions"]:
        out, into = parameters[0].shape[:2]
        modules += [fill(nn.Conv2d(into, out, 3, padding="same", dtype=dtype), parameters, dtype)]
        modules += [nn.ReLU(), nn.MaxPool2d(2)]
    features, classes = inputs["dense"][0].shape
    dense = fill(nn.Linear(features, classes, dtype=dtype), inputs["dense"], dtype, transpose=True)
    model = nn.Sequential(*modules, nn.Flatten(), dense)
    batch = tensor(inputs["x"], dtype), tensor(inputs["labels"], dtype)
    return training(model, F.cross_entropy, spec["learningRate"], lambda: batch)


PROGRAMS = {f.__name__: f for f in (mlp, matmul, elementwise, softmax, convnet)}
