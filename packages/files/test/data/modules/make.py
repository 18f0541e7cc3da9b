"""State dicts of PyTorch's modules with their outputs, and what PyTorch computes with state dicts of ours.

Run with torch 2.13 and safetensors 0.8, after `UPDATE_FILES=1 vitest run packages/files/test/modules`, which writes ours.
Writes torch.safetensors, torch.pt and outcomes.json.
"""

import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

here = pathlib.Path(__file__).parent
sys.path.append(str(here.parent))
from stored import store, tensor

torch.manual_seed(3)
options = {"batch_first": True}


def mha(**more):
    return nn.MultiheadAttention(4, 2, **options, **more)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden_layer = nn.Linear(3, 3)
        self.output = nn.Linear(3, 3)
        self.output.weight = self.hidden_layer.weight

    def forward(self, x):
        return self.output(torch.tanh(self.hidden_layer(x)))


# Each with the shape of its input; integers are indices.
MODULES = {
    "linear": (nn.Linear(3, 2), (4, 3)),
    "square": (nn.Linear(3, 3, bias=False), (4, 3)),
    "sequential": (nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2))), (4, 3)),
    "bilinear": (nn.Bilinear(3, 3, 2), (4, 3)),
    "conv1d": (nn.Conv1d(2, 4, 3, groups=2), (2, 2, 6)),
    "conv2d": (nn.Conv2d(2, 3, (2, 3)), (2, 2, 5, 5)),
    "convTranspose1d": (nn.ConvTranspose1d(2, 4, 3, stride=2), (2, 2, 4)),
    "convTranspose2d": (nn.ConvTranspose2d(2, 4, 2, groups=2), (2, 2, 4, 4)),
    "batchNorm1d": (nn.BatchNorm1d(3), (4, 3)),
    "batchNorm2d": (nn.BatchNorm2d(2), (2, 2, 3, 3)),
    "groupNorm": (nn.GroupNorm(2, 4), (2, 4, 3)),
    "layerNorm": (nn.LayerNorm([2, 3]), (4, 2, 3)),
    "rmsNorm": (nn.RMSNorm(3, eps=1e-5), (4, 3)),
    "embedding": (nn.Embedding(5, 3), 5),
    "rnn": (nn.RNN(3, 2, **options), (2, 4, 3)),
    "lstm": (nn.LSTM(3, 2, num_layers=2, bidirectional=True, **options), (2, 4, 3)),
    "gru": (nn.GRU(3, 2, bias=False, **options), (2, 4, 3)),
    "rnnCell": (nn.RNNCell(3, 2), (4, 3)),
    "lstmCell": (nn.LSTMCell(3, 2), (4, 3)),
    "gruCell": (nn.GRUCell(3, 2), (4, 3)),
    "attention": (mha(), (2, 3, 4)),
    "attentionWithoutBias": (mha(bias=False), (2, 3, 4)),
    "attentionOfOtherWidths": (mha(kdim=4, vdim=3), (2, 3, 4)),
    "encoder": (nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 5, 0.0, **options), 2, nn.LayerNorm(4), enable_nested_tensor=False), (2, 3, 4)),
    "decoderLayer": (nn.TransformerDecoderLayer(4, 2, 5, 0.0, **options), (2, 3, 4)),
    "weightNorm": (parametrizations.weight_norm(nn.Linear(3, 2)), (4, 3)),
    "weightNormConv": (parametrizations.weight_norm(nn.Conv1d(2, 3, 2)), (2, 2, 4)),
    "weightNormOfOld": (weight_norm(nn.Linear(3, 2)), (4, 3)),
    "spectralNorm": (parametrizations.spectral_norm(nn.Linear(3, 2)), (4, 3)),
    "spectralNormOfOld": (spectral_norm(nn.ConvTranspose1d(2, 3, 2)), (2, 2, 4)),
    "tied": (Tied(), (4, 3)),
}


def input_of(shape):
    if isinstance(shape, int):
        return torch.arange(shape)
    count = torch.Size(shape).numel()
    return torch.sin(torch.arange(count, dtype=torch.float32)).reshape(shape)


def output_of(module, x):
    with torch.no_grad():
        if isinstance(module, nn.MultiheadAttention):
            value = x[..., : module.vdim] if module.vdim != 4 else x
            return module(x, x, value, need_weights=False)[0]
        if isinstance(module, nn.TransformerDecoderLayer):
            return module(x, torch.cos(x))
        if isinstance(module, nn.Bilinear):
            return module(x, torch.cos(x))
        y = module(x)
        return y[0] if isinstance(y, tuple) else y


def disturb(module):
    for x in module.parameters():
        x.data += 0.2 * torch.randn_like(x)
    # Two steps give running statistics that are not those of the beginning.
    module.train()


theirs, outputs = {}, {}
for name, (module, shape) in MODULES.items():
    disturb(module)
    x = input_of(shape)
    output_of(module, x)
    module.eval()
    outputs[name] = tensor(output_of(module, x))
    theirs |= {f"{name}.{key}": value for key, value in module.state_dict().items()}

# Before the modules are given ours, since a state dict shares their memory.
save_file({key: value.clone() for key, value in theirs.items()}, here / "torch.safetensors")
torch.save(theirs, here / "torch.pt")

ours = load_file(here / "ours.safetensors")
computed = {}
for name, (module, shape) in MODULES.items():
    state = {key.removeprefix(f"{name}."): value for key, value in ours.items() if key.startswith(f"{name}.")}
    if state:
        module.load_state_dict(state, strict=True)
        computed[name] = tensor(output_of(module, input_of(shape)))

store(here / "outcomes.json", {"torch": torch.__version__, **{f"theirs {k}": v for k, v in outputs.items()}, **{f"ours {k}": v for k, v in computed.items()}})
