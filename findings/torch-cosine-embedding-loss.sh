#!/usr/bin/env bash
# PyTorch 2.13.0, CPU, float32: `F.cosine_embedding_loss` of a vector with itself is 0 up to a length of about 4e9, then 1, the
# loss of vectors at right angles, and NaN from about 2e19 on. For targets of -1 it goes from 1 to 0 and to NaN.
#
# One would guess 0 for equal vectors of every length: a cosine does not depend on lengths, and `F.cosine_similarity` of the
# same vectors is 1 up to 1e19. But this loss multiplies the two squared lengths before it takes the root, so that the product
# overflows at the square root of the square root of the largest number.
#
# It matters wherever embeddings grow unchecked: the loss turns to a constant with no gradient worth the name, in silence, long
# before anything is infinite.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'torch==2.13.0+cpu' 'numpy==2.4.6'
"$folder/venv/bin/python" - <<'PYTHON'
import math

import torch
import torch.nn.functional as F

found = {}
for length in (1e3, 1e10, 1e20):
    x = torch.tensor([[0.6, 0.8]]) * length
    found[length] = F.cosine_embedding_loss(x, x, torch.ones(1)).item()
    print(f"length {length:g}: loss {found[length]}, similarity {F.cosine_similarity(x, x).item()}")
assert abs(found[1e3]) < 1e-6
assert found[1e10] == 1.0
assert math.isnan(found[1e20])
PYTHON
