"""Notebook 11: its tables."""

import pandas as pd

from kaleido.chapters.common import LAST, SAMPLED
from kaleido.chapters.memory.cells import SETS, images
from kaleido.chapters.memory.claims import MEMORY, PAIR
from kaleido.lab.evidence import Evidence
from kaleido.lab.statistics import in_words, interval

REMEMBERED = {
    "training loss": ("loss", "mlp", None),
    "share near an image of the own set, run 20": ("share near own set", "mlp", SAMPLED),
    "share near an image of the own set, run 500": ("share near own set", "mlp", LAST),
    "the same of held-out images": ("share near own set", "held-out images", None),
    "distance to the own set, run 20": ("distance to own set", "mlp", SAMPLED),
    "distance to the own set, run 500": ("distance to own set", "mlp", LAST),
    "distance to the other set, run 20": ("distance to other set", "mlp", SAMPLED),
    "distance to the other set, run 500": ("distance to other set", "mlp", LAST),
    "share nearer to the own set, run 20": ("share nearer to own set", "mlp", SAMPLED),
    "share nearer to the own set, run 500": ("share nearer to own set", "mlp", LAST),
    "different pictures, run 20": ("different pictures", "mlp", SAMPLED),
    "different pictures, run 500": ("different pictures", "mlp", LAST),
    "spectral radius at training images": ("radius", "mlp", None),
    "training images with a radius below 1": ("radius below 1", "mlp", None),
}
AGREED = {
    "ratio: other images, other weights": ("ratio", PAIR, SAMPLED),
    "ratio: same images, other weights": ("ratio", "same images, other weights", SAMPLED),
    "ratio: other images, same weights": ("ratio", "other images, same weights", SAMPLED),
    "ratio: same images, same weights, other batches": (
        "ratio", "same images, same weights, other batches", SAMPLED,
    ),
    "ratio: nearest images of other sets": ("ratio", MEMORY, SAMPLED),
    "ratio in pixels: other images, other weights": ("ratio in pixels", PAIR, SAMPLED),
    "ratio in pixels: same images, other weights": ("ratio in pixels", "same images, other weights", SAMPLED),
    "ratio in pixels: other images, same weights": ("ratio in pixels", "other images, same weights", SAMPLED),
    "distance from different noises (1: as held-out images)": ("different noises", PAIR, SAMPLED),
    "precision": ("precision", "mlp", SAMPLED),
    "coverage": ("coverage", "mlp", SAMPLED),
}  # fmt: skip


def by_images(found: Evidence, data: str, asked: dict[str, tuple[str, str, int | None]]) -> pd.DataFrame:
    """What was measured of networks of sets of N images: means over seeds with 95 % intervals.

    Arguments:
        found: The evidence.
        data: The data set.
        asked: `REMEMBERED` or `AGREED`.

    Returns:
        One column per N, one row per quantity.
    """
    rows, columns = found.rows(data=data), {}
    for n in SETS[data]:
        some = rows[rows["condition"] == images(n)]
        said = {}
        for name, (quantity, who, run) in asked.items():
            at = some["run"].isna() if run is None else some["run"].eq(run).fillna(False)
            values = some[(some["quantity"] == quantity) & (some["architecture"] == who) & at]["value"]
            said[name] = in_words(*interval(values)) if len(values) else ""
        if any(said.values()):
            columns[f"N = {n:,}"] = said
    return pd.DataFrame(columns)
