"""Notebook 08: the kaleidoscope beside other generators, and what was chosen of each by the search."""

from kaleido.chapters.common import DECIDING, DEEP, IMAGES, fitted
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
    "mnist": {"kaleidoscope": 20, "Gaussian mixture": 160, "kernel density": 0.6},  # by the rules, and by the pilot
}  # fmt: skip
RUNS = (1, 2, 5, 10, 20, 50, 200)  # at which the kaleidoscope is judged
SCORES = ("pc", "precision", "coverage", "recall", "class entropy", "novelty", "copy share")  # of a search
PICTURES = 40  # samples that are kept as pictures
# B4 at the paper's scale: the seed of the pilot, the MNIST images that it learns from (the others judge), and the
# settings that it tries of each rival that decides; and what stands beside them without a generator
PILOT, LEARNED = 3, 50_000
TRIED = {"Gaussian mixture": (40, 160, 640), "kernel density": (0.4, 0.5, 0.6, 0.7, 0.8)}
BESIDE = ("training points", "mixup")


def plan(profile: str) -> list[Cell]:
    """Returns the cells of a profile: digits alone, which take a minute."""
    return mlps(f"{STUDY}:generators", "digits", profile)


def extended() -> list[Cell]:
    """Returns the cells of the search, and of all data sets with what it chose."""
    return [
        *fitted([cell for data in IMAGES for cell in mlps(f"{STUDY}:tuned_generators", data, "searched")]),
        *(cell for data in IMAGES for cell in mlps(f"{STUDY}:generators", data, "searched")),
    ]


def deciding() -> list[Cell]:
    """Returns the pilot's cells, one for each rival, and those of the seeds that decide, with what it chose."""
    pilots = [_published("rivals", name, PILOT, LEARNED) for name in TRIED]
    decide = [_published("rivals", name, seed) for name in TRIED for seed in DECIDING]
    return [*pilots, *decide, *(_published("kaleidoscope", "kaleidoscope", seed) for seed in DECIDING)]


def _published(study: str, name: str, seed: int, points: int | None = None) -> Cell:
    """A cell whose network learns nothing: rivals have none, and those of the kaleidoscope have been measured."""
    study = f"kaleido.chapters.generators.rivals:{study}"
    return Cell(study, "mnist", DEEP, 500, 0, (seed,), points=points, variant=name)
