"""The page on which readers turn the kaleidoscope themselves: one file, with the networks inside."""

import json
from base64 import b64encode
from pathlib import Path

from torch import Tensor

from kaleido.evidence import Evidence

__all__ = ["page"]

TEMPLATE = Path(__file__).parent / "kaleidoscope.html"
FIRST = 10  # depth of the network that is chosen at first


def page(found: Evidence) -> bytes:
    """Returns the page, of notebook 00's networks: it asks nothing of a server, and runs by itself from a folder."""
    rows = found.rows(architecture="mlp", data="digits", quantity="loss")
    networks = []
    for _, row in rows.sort_values(["condition", "depth"]).iterrows():
        depth, taken = int(row["depth"]), row["condition"]
        layers = "1 hidden layer" if depth == 1 else f"{depth} hidden layers"
        name = f"{layers}, loss {row['value']:.3f}" + (", stopped at that loss" if taken.startswith("at ") else "")
        weights = found.arrays[f"page/{depth}/{taken}"]
        networks.append({"name": name, "depth": depth, "width": int(row["width"]), "weights": _text(weights)})
    about = {row["quantity"]: row["value"] for _, row in found.rows(condition="page").iterrows()}
    data = {
        "networks": networks,
        "first": next(i for i, net in enumerate(networks) if net["depth"] == FIRST and "stopped" not in net["name"]),
        "train": _text(found.arrays["page/train"]),
        "labels": _text(found.arrays["page/labels"]),
        "heldout": about["distance of held-out points"],
        "noise": about["distance of noise"],
    }
    text = TEMPLATE.read_text(encoding="utf-8").replace('"@@DATA@@"', json.dumps(data))
    return text.encode()


def _text(values: Tensor) -> str:
    return b64encode(values.numpy().tobytes()).decode()
