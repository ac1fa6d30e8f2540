"""Notebook 06: claim C9."""

from kaleido.chapters.data_sets import figures
from kaleido.chapters.scores import sampled, trivial
from kaleido.lab.endpoint import Endpoint

CLAIMS = {
    "C9a": Endpoint(
        "On other data, too, samples look like the data", "precision at run 20",
        sampled("precision", "C9"), 0.8, "≥", figures.published,
        data="fashion", small=("fashion5k",), guards=trivial("precision", "C9"),
    ),
    "C9b": Endpoint(
        "On other data, too, samples cover the data", "coverage at run 20",
        sampled("coverage", "C9"), 0.5, "≥", figures.published,
        data="fashion", small=("fashion5k",), guards=trivial("coverage", "C9"),
    ),
}  # fmt: skip
