"""Writes pretrained.safetensors, a small network that PyTorch trained on three clusters, and fine_tuning.json: points of clusters
that have moved, their labels, and PyTorch's outputs for them. Run with torch, numpy and safetensors installed."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

torch.manual_seed(5)
folder = Path(__file__).parent
centers = torch.tensor([[2.0, 0, 0, 1], [0, 2, 0, -1], [0, 0, 2, 0]])


def points(count, shift):
    y = torch.randint(0, 3, (count,))
    return centers[(y + shift) % 3] + 0.5 * torch.randn(count, 4), y


model = torch.nn.Sequential(
    torch.nn.Linear(4, 32), torch.nn.ReLU(), torch.nn.Linear(32, 32), torch.nn.ReLU(), torch.nn.Linear(32, 3)
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for step in range(200):
    x, y = points(64, 0)
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()

save_file(model.state_dict(), folder / "pretrained.safetensors", metadata={"format": "pt"})
# The same clusters with other labels: the network is wrong about them before it is fine-tuned.
x, y = points(90, 1)
x = (x * 1000).round() / 1000
with torch.no_grad():
    outputs = model(x)
accuracy = (outputs.argmax(1) == y).float().mean().item()
(folder / "fine_tuning.json").write_text(
    json.dumps(
        {
            "torch": torch.__version__,
            "x": [[round(v, 3) for v in row] for row in x.tolist()],
            "y": y.tolist(),
            "outputs": outputs.tolist(),
            "accuracy": accuracy,
        }
    )
    + "\n"
)
