"""Trains a small network in PyTorch and saves its state dict as `circle.pt`. Run with torch 2.13.0: python circle.py"""

import torch
from torch import nn

torch.manual_seed(1)
body = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
model = nn.Sequential(body, nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(500):
    x = 2 * torch.rand(256, 2) - 1
    y = (x.square().sum(1) < 0.6).long()
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
torch.save(model.state_dict(), "circle.pt")
print(loss.item())
