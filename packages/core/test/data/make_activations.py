"""Writes activations.json: activations with their first and second derivatives, to the last digit, by mpmath.

    python make_activations.py

All are smooth at the arguments, but at 0: there the ones with a kink have the derivatives from the left.
"""

import json
from pathlib import Path

from mpmath import erfc, exp, expm1, log1p, mp, mpf, pi, sqrt

# Enough for 1 + exp(-800), and for the arguments' cubes.
mp.prec = 2500

ALPHA, SCALE = mpf(1.6732632423543772), mpf(1.0507009873554805)


def sigmoid(x):
    return 1 / (1 + exp(-x))


def softplus(x):
    s = sigmoid(x)
    return log1p(exp(x)), s, s * (1 - s)


def elu(alpha, scale=mpf(1)):
    left = lambda x: (scale * alpha * expm1(x), scale * alpha * exp(x), scale * alpha * exp(x))
    return lambda x: left(x) if x <= 0 else (scale * x, scale, mpf(0))


def silu(x):
    s = sigmoid(x)
    slope = s * (1 - s)
    return x * s, s + x * slope, 2 * slope + x * slope * (1 - 2 * s)


def gelu(x):
    below, density = erfc(-x / sqrt(mpf(2))) / 2, exp(-x * x / 2) / sqrt(2 * pi)
    return x * below, below + x * density, (2 - x * x) * density


def gelu_tanh(x):
    c, a = sqrt(8 / pi), mpf(0.044715)
    u, du, ddu = c * (x + a * x**3), c * (1 + 3 * a * x**2), 6 * c * a * x
    s = sigmoid(u)
    slope = s * (1 - s)
    curve = slope * (1 - 2 * s)
    return x * s, s + x * slope * du, 2 * slope * du + x * (curve * du**2 + slope * ddu)


functions = {
    "elu": elu(mpf(1)),
    "elu, alpha 0.7": elu(mpf(0.7)),
    "selu": elu(ALPHA, SCALE),
    "silu": silu,
    "gelu": gelu,
    "gelu, tanh": gelu_tanh,
}

sizes = [2**-10, 0.25, 1, 2.5, 5, 6, 9, 12, 17, 30, 37, 80, 100, 600, 800, 1e10, 1e20, 3e38]
arguments = [0.0, *(sign * size for size in sizes for sign in (1, -1))]


def row(f, x):
    # Beyond these an exponential underflows in any dtype, and takes mpmath long.
    side = max(-5000.0, min(5000.0, x))
    values = f(mpf(side)) if side != x else f(mpf(x))
    if side > 0 and side != x:
        values = (values[0] * mpf(x) / side, *values[1:])
    return [x, *(float(v) for v in values)]


table = {name: [row(f, x) for x in arguments] for name, f in functions.items()}
lines = ",\n".join(
    f'  "{name}": [\n' + ",\n".join(f"    {json.dumps(r)}" for r in rows) + "\n  ]" for name, rows in table.items()
)
Path(__file__).with_name("activations.json").write_text("{\n" + lines + "\n}\n")
