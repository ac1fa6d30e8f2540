"""Notebook 00: what its figures show, from evidence alone."""

import json
from base64 import b64encode
from pathlib import Path
from textwrap import fill

import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from kaleido.chapters.common import KEPT
from kaleido.chapters.tour import int8
from kaleido.lab.drawing import CONTROL, DATA, MAP, figure, panels
from kaleido.lab.evidence import IN_WORDS, Evidence
from kaleido.lab.pictures import animation, grid
from kaleido.lab.statistics import interval
from kaleido.saved import load_networks
from kaleido.tools import files

TEMPLATE = Path(__file__).parent / "kaleidoscope.html"
PAPER = files.root() / "data" / "record" / "paper"
ENDPOINTS = PAPER / "endpoints.csv"
MNIST = {f"mnist-{depth}": PAPER / f"mnist-{depth}-500-torch-200.float16.safetensors" for depth in (10, 1)}
WORDS = {"supported": MAP, "not supported": DATA, "inconclusive": CONTROL}
ACROSS = 3  # panels beside one another
FIRST = 10  # depth of the network that is chosen at first on the page


@figure("kaleidoscope", kinds=(*(f"{name}.js" for name in MNIST), "html"), reads=(TEMPLATE, *MNIST.values()))
def page(found: Evidence) -> dict[str, bytes]:
    """A page on which a kaleidoscope of digits can be turned, kicked, or started from a drawing: small networks are
    inside, and two with the paper's settings, trained on MNIST, lie beside it as scripts. With ten hidden layers noise
    becomes digits, turn by turn."""
    networks, scripts = [], {}
    for name, path in MNIST.items():
        (net,), (history,) = load_networks(path)
        scripts[f"{name}.js"] = _script(name, net)
        networks.append({
            "key": name, "group": "The paper's settings", "name": "MNIST, " + _named(net.config, history.final),
            "side": 28, "depth": net.config["depth"], "width": net.config["width"],
            "script": f"kaleidoscope.{name}.js", "effect": int8.effect(net),
        })  # fmt: skip
    rows = found.rows(architecture="mlp", data="digits", quantity="loss")
    for _, row in rows.sort_values(["condition", "depth"]).iterrows():
        depth, stopped = int(row["depth"]), row["condition"].startswith("at ")
        networks.append({
            "key": f"digits-{depth}" + "-stopped" * stopped, "group": "Small digits",
            "name": _named(row, row["value"]) + ", stopped at that loss" * stopped,
            "side": 8, "depth": depth, "width": int(row["width"]),
            "weights": _text(found.arrays[f"page/{depth}/{row['condition']}"]),
        })  # fmt: skip
    about = {row["quantity"]: row["value"] for _, row in found.rows(condition="page").iterrows()}
    data = {
        "networks": networks,
        "first": f"digits-{FIRST}",
        "train": _text(found.arrays["page/train"]),
        "labels": _text(found.arrays["page/labels"]),
        "heldout": about["distance of held-out points"],
        "noise": about["distance of noise"],
        "compared": int8.CHAINS,
    }
    text = TEMPLATE.read_text(encoding="utf-8").replace('"@@DATA@@"', json.dumps(data))
    return scripts | {"html": text.encode()}


@figure("00_verdicts", reads=(ENDPOINTS,))
def verdicts(found: Evidence) -> Figure:
    """Every decided claim's number: small dots are seeds, the large dot is their mean with its 95 % interval, the
    dashed line the threshold. The claim says that the mean lies in the shaded part. Blue is supported, orange not
    supported, grey inconclusive."""
    claims = list(pd.read_csv(ENDPOINTS).groupby("claim", sort=False))
    down = -(-len(claims) // ACROSS)
    drawn, axes = panels(31 * down, down, ACROSS)
    for axis, (_, rows) in zip(axes.flat, claims, strict=False):
        _verdict(axis, rows)
    for axis in axes.flat[len(claims) :]:
        axis.set_axis_off()
    return drawn


@figure("00_turning", kinds=("gif",))
def turning(found: Evidence) -> bytes:
    """Animation: forty chains of one ten-layer network trained on 4,000 MNIST digits, from uniform noise to run 20.
    Most become handwritten digits within a few runs, and some become white blobs."""
    return animation(found.arrays["mnist5k/10/turning"], (28, 28))


@figure("00_noise_to_digits")
def noise_to_digits(found: Evidence) -> Figure:
    """Eight chains in rows by sampling run, from uniform noise, of one ten-layer network trained on 4,000 MNIST digits.
    Most look like a digit within a few runs; later some change their digit, and several end in the same picture."""
    images = found.arrays["mnist5k/10/pictures"].numpy()
    return grid(images[:, :8].reshape(len(images), 8, 28, 28) / 255, KEPT[: len(images)])


def _verdict(axis: Axes, rows: pd.DataFrame) -> None:
    """Draws one claim's seeds beside its threshold."""
    about, values = rows.iloc[0], rows["value"]
    mean, low, high = interval(values)
    side, threshold = about["side"], about["threshold"]
    ends = [values.min(), values.max(), threshold]
    reach = (max(ends) - min(ends)) * 0.25
    least, most = min(ends) - reach, max(ends) + reach
    axis.axvspan(*((least, threshold) if side in "<≤" else (threshold, most)), color="0.92", lw=0)
    axis.axvline(threshold, color="0.3", lw=0.8, ls="--")
    axis.plot(values, [0.3] * len(values), "o", ms=2.5, mew=0, alpha=0.6, color=WORDS[about["word"]])
    axis.errorbar(mean, 0.7, xerr=[[mean - low], [high - mean]], fmt="o", ms=4, color=WORDS[about["word"]], capsize=2)
    axis.set(xlim=(least, most), ylim=(0, 1), yticks=[])
    axis.set_title(fill(f"{about['claim']}: {about['text']}", 36), fontsize=7)
    where = IN_WORDS.get(about["data"], about["data"])
    axis.set_xlabel(f"{fill(about['measured'], 42)}\n{where}, {len(values)} seeds", fontsize=7)
    axis.locator_params(axis="x", nbins=5)
    axis.spines["left"].set_visible(False)


def _named(about: dict | pd.Series, loss: float) -> str:
    """What a network is called on the page."""
    layers = "1 layer" if about["depth"] == 1 else f"{about['depth']} layers"
    return f"{layers}, loss {loss:.3f}"


def _script(name: str, net: nn.Module) -> bytes:
    """A network as a script that hands its weights to the page; browsers let a page on disk read no other file."""
    parts = zip(*int8.matrices(net), strict=True)
    whole = {
        kind: _text(torch.cat([part.flatten() for part in some]))
        for kind, some in zip(("weights", "scales", "biases"), parts, strict=True)
    }
    return f'"use strict";\nkaleidoscope.receive({json.dumps(name)}, {json.dumps(whole)});\n'.encode()


def _text(values: Tensor) -> str:
    return b64encode(values.numpy().tobytes()).decode()
