"""Writes metrics.json: what scikit-learn makes of random predictions. Run with numpy, scikit-learn and torch installed."""

import json
from pathlib import Path

import numpy as np
import sklearn
import torch
from sklearn import metrics as sk

rng = np.random.default_rng(7)
rows = []


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def averages(labels, predicted, kinds):
    scores = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
    return {
        name: {kind: score(labels, predicted, average=kind, zero_division=0) for kind in kinds}
        for name, score in scores.items()
    }


for classes, count in [(3, 40), (5, 60), (7, 9)]:
    labels = rng.integers(0, classes, count)
    logits = np.round(rng.normal(size=(count, classes)) + 0.8 * np.eye(classes)[labels], 3)
    predicted = logits.argmax(1)
    row = {
        "kind": "classes",
        "predictions": logits.tolist(),
        "targets": labels.tolist(),
        "accuracy": sk.accuracy_score(labels, predicted),
        "topK": {
            k: sk.top_k_accuracy_score(labels, logits, k=int(k), labels=range(classes)) for k in ["1", "2"]
        },
        "confusion": sk.confusion_matrix(labels, predicted, labels=range(classes)).tolist(),
        **averages(labels, predicted, ["macro", "micro", "weighted"]),
        "perplexity": float(
            torch.exp(torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels)))
        ),
    }
    if len(set(labels.tolist())) == classes:
        row["auc"] = sk.roc_auc_score(labels, softmax(logits), multi_class="ovr")
        row["probabilities"] = softmax(logits).tolist()
    rows.append(row)

for count in [12, 80]:
    labels = rng.integers(0, 2, count)
    scores = np.round(rng.normal(size=count) + 0.7 * labels - 0.3, 1)  # rounded, so that there are ties
    predicted = (scores > 0).astype(int)
    rows.append(
        {
            "kind": "binary",
            "predictions": scores.tolist(),
            "targets": labels.tolist(),
            "accuracy": sk.accuracy_score(labels, predicted),
            "confusion": sk.confusion_matrix(labels, predicted).tolist(),
            "auc": sk.roc_auc_score(labels, scores),
            **averages(labels, predicted, ["binary", "macro", "micro", "weighted"]),
        }
    )

for shape in [(25,), (30, 3)]:
    targets = np.round(rng.normal(size=shape) * 3 + 50, 3)
    predictions = np.round(targets + rng.normal(size=shape), 3)
    rows.append(
        {
            "kind": "numbers",
            "predictions": predictions.tolist(),
            "targets": targets.tolist(),
            "mae": sk.mean_absolute_error(targets, predictions),
            "rmse": sk.root_mean_squared_error(targets.ravel(), predictions.ravel()),
            "r2": sk.r2_score(targets, predictions),
        }
    )

versions = {"sklearn": sklearn.__version__, "torch": torch.__version__, "numpy": np.__version__}
Path(__file__).with_name("metrics.json").write_text(json.dumps({"versions": versions, "rows": rows}) + "\n")
