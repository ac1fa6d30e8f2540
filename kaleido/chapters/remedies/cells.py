"""Notebook 09: ways to learn and ways to turn, and the recipe that the search chose."""

from collections.abc import Iterable
from dataclasses import replace

from kaleido.chapters.common import IMAGES, LATE, fitted
from kaleido.chapters.kaleidoscope.cells import mlps
from kaleido.data.sets import Dataset
from kaleido.lab.cell import Cell
from kaleido.measures.dynamics import REST

STUDY = "kaleido.chapters.remedies.study:remedies"
WAYS = {  # to learn; `noise` is on the inputs, `spectral` bounds the weights, `steps` is a share
    "plain": {},
    "He": {"init": "he"},
    "noise 0.25": {"noise": 0.25},
    "noise 0.5": {"noise": 0.5},
    "noise 1": {"noise": 1.0},
    "He, noise 0.5": {"init": "he", "noise": 0.5},
    "He, noise 1": {"init": "he", "noise": 1.0},
    "spectral norm 2": {"spectral": 2.0},
    "spectral norm 3": {"spectral": 3.0},
    "a quarter of the steps": {"steps": 0.25},
}
STILL = 5  # runs without a kick at the end
SAMPLERS = {  # damping; size of the kick; whether it is `kept`, `annealed` over the runs or `stopped` near their end
    "plain": (0.0, 0.0, "kept"),
    "damping 0.5": (0.5, 0.0, "kept"),
    "damping 0.9": (0.9, 0.0, "kept"),
    "kick 0.3": (0.0, 0.3, "kept"),
    "kick 0.3, stopped": (0.0, 0.3, "stopped"),
    "kick 1, stopped": (0.0, 1.0, "stopped"),
    "kick 1, annealed": (0.0, 1.0, "annealed"),
    "damping 0.5, kick 0.3, stopped": (0.5, 0.3, "stopped"),
    "damping 0.5, kick 1, stopped": (0.5, 1.0, "stopped"),
}
# how to learn, and how to turn, chosen on training points alone (`best_recipes` of the extended record; a test holds
# the two together)
RECIPE = ("He, noise 0.5", "damping 0.5, kick 1, stopped")


def ways(sets: Iterable[str], profile: str, names: Iterable[str]) -> list[Cell]:
    """Returns networks that learn in several ways and are the same otherwise; plain ones are those of notebook 03."""
    some = [cell for data in sets for cell in mlps(STUDY, data, profile)]
    return [
        replace(cell, variant=way, **WAYS[way] | {"steps": round(cell.steps * WAYS[way].get("steps", 1))})
        for way in names
        for cell in some
    ]


def plan(profile: str) -> list[Cell]:
    """Returns the cells of a profile: digits alone, which take a minute."""
    return ways(("digits",), profile, ("plain", RECIPE[0]))


def extended() -> list[Cell]:
    """Returns the cells of the search, and of all data sets with what it chose."""
    return [*fitted(ways(IMAGES, "searched", WAYS)), *ways(IMAGES, "searched", ("plain", RECIPE[0]))]


def way(name: str, data: Dataset, seed: int) -> dict:
    """Returns what `sample` is to be given for one of `SAMPLERS`, for 200 runs."""
    damping, kick, how = SAMPLERS[name]
    sizes = {
        "kept": [kick] * LATE,
        "stopped": [kick] * (LATE - STILL) + [0.0] * STILL,
        "annealed": [kick * max(0.0, 1 - run / (LATE - STILL)) for run in range(LATE)],
    }[how]
    moved = {"kick": "centred"} if kick else {"retire": REST * (data.bounds[1] - data.bounds[0]) * data.dim**0.5}
    return {"eps": sizes, "damping": damping, "bounds": data.bounds, "seed": seed} | moved
