"""PyTorch's values and gradients of attention and of transformer layers, in float64, in attention.json.

Run with torch 2.13: python make_attention.py
"""

import torch
import torch.nn.functional as F
from torch import nn
from stored import case, same, store

torch.set_default_dtype(torch.float64)
torch.manual_seed(5)


class Attention(nn.Module):
    def forward(self, *args, **kwargs):
        return F.scaled_dot_product_attention(*args, **kwargs)


def causal(queries, keys):
    """The last query sees every key."""
    return torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)


def dot_products():
    def both(*lead, queries=4, keys=5, features=3, values=2):
        return [torch.randn(*lead, n, d) for n, d in [(queries, features), (keys, features), (keys, values)]]

    def plain(module, q, k, v, mask=None):
        return module(q, k, v, attn_mask=mask)

    for inputs in [both(), both(2, 3), both(2, queries=1), both(queries=5, keys=1)]:
        yield case("attention", [], Attention(), plain, inputs, {})
    yield case("attention", [], Attention(), lambda m, q, k, v: m(q, k, v, scale=0.3), both(), {}, {"scale": 0.3})
    for queries, keys in [(4, 4), (3, 5), (1, 4), (5, 3)]:
        run = lambda m, q, k, v: m(q, k, v, attn_mask=causal(queries, keys))
        yield case("attention", [], Attention(), run, both(2, queries=queries, keys=keys), {}, {"causal": True})
    bools = torch.rand(4, 5) < 0.5
    bools[0], bools[1] = True, False
    yield case("attention", [], Attention(), plain, [*both(2, 3), bools], {})
    yield case("attention", [], Attention(), plain, [*both(2, 3), torch.rand(2, 1, 4, 5) < 0.7], {})
    yield case("attention", [], Attention(), plain, [*both(2, 3), torch.randn(4, 5)], {})
    run = lambda m, q, k, v, mask: m(q, k, v, attn_mask=mask & causal(4, 5))
    yield case("attention", [], Attention(), run, [*both(2), torch.rand(2, 4, 5) < 0.7], {}, {"causal": True})


def projections(prefix, theirs, dim, packed=True):
    """The names of tapegrad's projections, with their places in PyTorch's."""
    names = {}
    for i, name in enumerate(["query", "key", "value"]):
        def weight(t, i=i, letter=name[0]):
            return t[f"{theirs}in_proj_weight"][i * dim : (i + 1) * dim].T if packed else t[f"{theirs}{letter}_proj_weight"].T

        names[f"{prefix}{name}.weight"] = weight
        names[f"{prefix}{name}.bias"] = lambda t, i=i: t[f"{theirs}in_proj_bias"][i * dim : (i + 1) * dim]
    names[f"{prefix}output.weight"] = lambda t: t[f"{theirs}out_proj.weight"].T
    names[f"{prefix}output.bias"] = lambda t: t[f"{theirs}out_proj.bias"]
    return names


def disturbed(module):
    for x in module.parameters():
        x.data += 0.2 * torch.randn_like(x)
    return module


def heads():
    def make(**options):
        return disturbed(nn.MultiheadAttention(4, 2, batch_first=True, **options))

    names = projections("", "", 4)
    x, memory = torch.randn(2, 4, 4), torch.randn(2, 5, 4)
    padding = torch.tensor([[False] * 5, [False, False, False, True, True]])
    allowed = torch.rand(4, 5) < 0.6
    allowed[:, 0] = True

    def attend(module, q, k=None, v=None, **options):
        k = q if k is None else k
        v = k if v is None else v
        return module(q, k, v, need_weights=False, **options)[0]

    yield case("self", [4, 2], make(), attend, [x], names)
    yield case("self", [4, 2], make(bias=False), attend, [x], names, {"bias": False})
    yield case("self", [4, 2], make(), attend, [torch.randn(3, 4)], names)
    run = lambda m, q: attend(m, q, attn_mask=~causal(4, 4))
    yield case("causal", [4, 2], make(), run, [x], names)
    yield case("cross", [4, 2], make(), attend, [x, memory], names)
    yield case("cross", [4, 2], make(), attend, [x, memory, torch.randn(2, 5, 4)], names)
    module = make(kdim=3, vdim=5)
    yield case("cross", [4, 2], module, attend, [x, torch.randn(2, 5, 3), torch.randn(2, 5, 5)], projections("", "", 4, False), {"keyDim": 3, "valueDim": 5})
    run = lambda m, q, k, p: attend(m, q, k, key_padding_mask=p)
    yield case("padded", [4, 2], make(), run, [x, memory, padding], names)
    run = lambda m, q, k, a: attend(m, q, k, attn_mask=~a)
    yield case("masked", [4, 2], make(), run, [x, memory, allowed], names)
    run = lambda m, q, k, b: attend(m, q, k, attn_mask=b)
    yield case("masked", [4, 2], make(), run, [x, memory, torch.randn(4, 5)], names)
    run = lambda m, q, k, a: attend(m, q, k, attn_mask=~a.flatten(0, 1))
    yield case("masked", [4, 2], make(), run, [x, memory, (torch.rand(2, 2, 4, 5) < 0.6) | (torch.arange(5) == 1)], names)
    run = lambda m, q, k, p, a: attend(m, q, k, key_padding_mask=p, attn_mask=~a)
    yield case("both", [4, 2], make(), run, [x, memory, padding, allowed], names)
    for average in [True, False]:
        run = lambda m, q, k, p: m(q, k, k, key_padding_mask=p, average_attn_weights=average)
        yield case("weights", [4, 2], make(), run, [x, memory, padding], names, {"averageWeights": average})


def transformers():
    def ours(linears, norms):
        names = {}
        for name in [f"linear{i + 1}" for i in range(linears)]:
            names[f"{name}.weight"] = lambda t, name=name: t[f"{name}.weight"].T
            names[f"{name}.bias"] = lambda t, name=name: t[f"{name}.bias"]
        for name in [f"norm{i + 1}" for i in range(norms)]:
            names |= same(**{f"{name}.weight": f"{name}.weight", f"{name}.bias": f"{name}.bias"})
        return names

    def within(layers, names):
        """The names of a stack's layers."""
        found = {}
        for i in range(layers):
            for name, take in names.items():
                cut = lambda t, i=i: {k.removeprefix(f"layers.{i}."): x for k, x in t.items() if k.startswith(f"layers.{i}.")}
                found[f"layers.{i}.{name}"] = lambda t, take=take, cut=cut: take(cut(t))
        return found

    encoder = projections("selfAttention.", "self_attn.", 4) | ours(2, 2)
    decoder = projections("selfAttention.", "self_attn.", 4) | projections("crossAttention.", "multihead_attn.", 4) | ours(2, 3)
    norm = same(**{"norm.weight": "norm.weight", "norm.bias": "norm.bias"})
    x, memory = torch.randn(2, 4, 4), torch.randn(2, 5, 4)
    padding = torch.tensor([[False, False, True, True], [False] * 4])
    memory_padding = torch.tensor([[False] * 5, [False, True, False, False, True]])
    options = {"dim_feedforward": 5, "dropout": 0.0, "batch_first": True}
    variants = [
        ({}, {}),
        ({"activation": "gelu", "normFirst": True}, {"activation": "gelu", "norm_first": True}),
        ({"eps": 0.1, "bias": False}, {"layer_norm_eps": 0.1, "bias": False}),
    ]
    for mine, theirs in variants:
        mine = {"feedForward": 5, **mine}
        module = disturbed(nn.TransformerEncoderLayer(4, 2, **options, **theirs))
        yield case("encoderLayer", [4, 2], module, lambda m, x: m(x), [x], encoder, mine)
        run = lambda m, x, p: m(x, src_mask=~causal(4, 4), src_key_padding_mask=p)
        yield case("encoderLayerMasked", [4, 2], module, run, [x, padding], encoder, mine)
        module = disturbed(nn.TransformerDecoderLayer(4, 2, **options, **theirs))
        yield case("decoderLayer", [4, 2], module, lambda m, x, y: m(x, y), [x, memory], decoder, mine)
        run = lambda m, x, y, p: m(x, y, tgt_mask=~causal(4, 4), memory_key_padding_mask=p)
        yield case("decoderLayerMasked", [4, 2], module, run, [x, memory, memory_padding], decoder, mine)

    mine, theirs = variants[1]
    mine = {"feedForward": 5, **mine}
    layer = nn.TransformerEncoderLayer(4, 2, **options, **theirs)
    module = disturbed(nn.TransformerEncoder(layer, 2, nn.LayerNorm(4), enable_nested_tensor=False))
    yield case("encoder", [2, 4, 2], module, lambda m, x: m(x, mask=~causal(4, 4)), [x], within(2, encoder) | norm, mine)
    layer = nn.TransformerDecoderLayer(4, 2, **options, **theirs)
    module = disturbed(nn.TransformerDecoder(layer, 2, nn.LayerNorm(4)))
    run = lambda m, x, y: m(x, y, tgt_mask=~causal(4, 4))
    yield case("decoder", [2, 4, 2], module, run, [x, memory], within(2, decoder) | norm, mine)


store(__file__, [*dot_products(), *heads(), *transformers()])
