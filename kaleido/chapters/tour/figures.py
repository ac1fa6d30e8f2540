"""Notebook 00: what its figures show, from evidence alone."""

import json
from base64 import b64encode
from pathlib import Path

from matplotlib.figure import Figure
from torch import Tensor

from kaleido.chapters.common import KEPT
from kaleido.lab.drawing import figure
from kaleido.lab.evidence import Evidence
from kaleido.lab.pictures import animation, grid

TEMPLATE = Path(__file__).parent / "kaleidoscope.html"
FIRST = 10  # depth of the network that is chosen at first on the page


@figure("kaleidoscope", kinds=("html",), reads=(TEMPLATE,))
def page(found: Evidence) -> bytes:
    """A page on which a kaleidoscope of digits can be turned: noise or a drawing becomes digits, turn by turn."""
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


@figure("00_turning", kinds=("gif",))
def turning(found: Evidence) -> bytes:
    """Animation: forty squares of grey noise become handwritten digits within a few runs."""
    return animation(found.arrays["mnist5k/10/turning"], (28, 28))


@figure("00_noise_to_digits")
def noise_to_digits(found: Evidence) -> Figure:
    """Eight rows that start as grey noise; within a few runs each becomes a handwritten digit."""
    images = found.arrays["mnist5k/10/pictures"].numpy()
    return grid(images[:, :8].reshape(len(images), 8, 28, 28) / 255, KEPT[: len(images)])


def _text(values: Tensor) -> str:
    return b64encode(values.numpy().tobytes()).decode()
