"""The numbers that every framework computes with: the same streams as ``src/inputs.ts`` draws, bit for bit."""

import math

import numpy as np

STREAM_OF_X = 1000
STREAM_OF_Y = 1001


def hashes(stream, length):
    """A hash of the stream and of each index below ``length`` (the finaliser of MurmurHash3)."""
    h = np.arange(length, dtype=np.uint32) + np.uint32(stream * 0x9E3779B9 & 0xFFFFFFFF)
    h = (h ^ (h >> 16)) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> 13)) * np.uint32(0xC2B2AE35)
    return h ^ (h >> 16)


def uniform(stream, shape, bound):
    """Numbers uniform in [-bound, bound), rounded to float32."""
    whole = (hashes(stream, math.prod(shape)) >> 8).astype(np.float64)
    return ((whole * 2**-23 - 1) * bound).astype(np.float32).reshape(shape)


def labels(stream, length, classes):
    return (hashes(stream, length) % classes).astype(np.int64)


def layer(n, fan_in, weight_shape, out):
    """Weight and bias of the n-th layer, uniform within 1 / sqrt(fan-in)."""
    bound = 1 / math.sqrt(fan_in)
    return uniform(2 * n, weight_shape, bound), uniform(2 * n + 1, [out], bound)


def mlp(spec):
    widths, batch = spec["widths"], spec["batch"]
    pairs = list(zip(widths, widths[1:]))
    return {
        "layers": [layer(n, fan_in, [fan_in, out], out) for n, (fan_in, out) in enumerate(pairs)],
        "x": uniform(STREAM_OF_X, [batch, widths[0]], 1),
        "y": labels(STREAM_OF_Y, batch, widths[-1])
        if spec["loss"] == "crossEntropy"
        else uniform(STREAM_OF_Y, [batch, widths[-1]], 1),
    }


def matmul(spec):
    shape = [spec["batch"], spec["size"], spec["size"]]
    return {"a": uniform(0, shape, 1), "b": uniform(1, shape, 1)}


def elementwise(spec):
    return {name: uniform(n, [spec["size"]], 2) for n, name in enumerate("abcd")}


def softmax(spec):
    rows, columns = spec["rows"], spec["columns"]
    return {"logits": uniform(STREAM_OF_X, [rows, columns], 4), "labels": labels(STREAM_OF_Y, rows, columns)}


def convnet(spec):
    batch, side, channels, classes = spec["batch"], spec["side"], spec["channels"], spec["classes"]
    pairs = list(zip([1, *channels], channels))
    features = channels[-1] * (side // 2 ** len(channels)) ** 2
    return {
        "convolutions": [layer(n, into * 9, [out, into, 3, 3], out) for n, (into, out) in enumerate(pairs)],
        "dense": layer(len(channels), features, [features, classes], classes),
        "x": uniform(STREAM_OF_X, [batch, 1, side, side], 1),
        "labels": labels(STREAM_OF_Y, batch, classes),
    }


INPUTS = {f.__name__: f for f in (mlp, matmul, elementwise, softmax, convnet)}
