"""Notebook 08: the kaleidoscope beside other generators, and what was chosen of each by the search."""

from kaleido.chapters.common import IMAGES, fitted
from kaleido.chapters.kaleidoscope.cells import mlps
from kaleido.lab.cell import Cell

STUDY = "kaleido.chapters.generators.study"
# each generator's one setting, and the sampling run of the kaleidoscope, by training points alone (`best_settings` of
# the extended record; a test holds the two together)
CHOSEN = {
    "digits": {
        "kaleidoscope": 5, "PCA Gaussian": 10, "Gaussian mixture": 40, "kernel density": 0.4, "VAE": 0.3,
        "idempotent": 2, "walkback": 0.25,
    },
    "mnist5k": {
        "kaleidoscope": 10, "PCA Gaussian": 60, "Gaussian mixture": 40, "kernel density": 0.6, "VAE": 1.0,
        "idempotent": 2, "walkback": 0.25,
    },
}  # fmt: skip
RUNS = (1, 2, 5, 10, 20, 50, 200)  # at which the kaleidoscope is judged
SCORES = ("pc", "precision", "coverage", "recall", "class entropy", "novelty", "copy share")  # of a search
PICTURES = 40  # samples that are kept as pictures


def plan(profile: str) -> list[Cell]:
    """Returns the cells of a profile: digits alone, which take a minute."""
    return mlps(f"{STUDY}:generators", "digits", profile)


def extended() -> list[Cell]:
    """Returns the cells of the search, and of all data sets with what it chose."""
    return [
        *fitted([cell for data in IMAGES for cell in mlps(f"{STUDY}:tuned_generators", data, "searched")]),
        *(cell for data in IMAGES for cell in mlps(f"{STUDY}:generators", data, "searched")),
    ]
