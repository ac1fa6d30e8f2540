"""What several chapters share: data sets, depths and runs at which the claims look, and parts of their studies."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from kaleido.data.inputs import noise
from kaleido.data.sets import Dataset
from kaleido.lab.cell import FIRST_SEED, Cell
from kaleido.measures.baselines import controls
from kaleido.measures.features import Features
from kaleido.measures.over_generalization import gain, landing, nearest, pair_distance
from kaleido.measures.quality import Reference, reference

IMAGES = ("digits", "mnist5k")  # small data sets that the claims are shown on
DEEP, SHALLOW = 10, 1
SAMPLED, LATE, LAST = 20, 200, 500  # sampling runs at which claims look
KEPT = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200)  # runs at which chains are kept
DECIDING = tuple(range(200, 210))  # seeds that decide
MATCHED = {"mnist": 0.075, "digits": 0.12, "mnist5k": 0.2}  # levels of the loss; on small data, those that all reach
WITHIN = 0.03  # how far below its level a loss may lie
CLOSE = 0.05  # "at a training point", in the toys
EXACT, DRAWS = 64, 8  # features up to which the gain is exact, and directions of its estimate beyond
GAINS = 250  # probes whose gain is taken
SEARCHED = (110, 111, 112)  # seeds of searches
FITTED = {"digits": 1150, "mnist5k": 3200}  # training points that B4's and B5's searches learn from: four fifths
OF_PART = ", of four fifths"  # what their networks' names end with


def fitted(cells: list[Cell]) -> list[Cell]:
    """Returns cells of other seeds whose networks learn from a part of the training points: a search."""
    return [
        replace(cell, seeds=(seed,), points=FITTED[cell.data], variant=cell.variant + OF_PART)
        for cell in cells
        if cell.seeds == (FIRST_SEED,)
        for seed in SEARCHED
    ]


def kept_until(last: int, runs: tuple[int, ...] = KEPT) -> list[int]:
    """Returns those of the runs that a cell comes to."""
    return [run for run in runs if run <= last]


def held_out(data: Dataset, look: Features) -> Reference:
    """Returns the held-out points' features, which samples are compared with."""
    with torch.no_grad():
        return reference(look(data.test))


def states(net: nn.Module, history) -> dict[str, tuple[dict[str, Tensor], float]]:
    """Returns the weights and losses of a network at the levels of the loss that it passed, by condition."""
    return {f"loss {mark.level:g}": (mark.weights, mark.loss) for mark in history.snapshots}


def beside_controls(add, cell: Cell, net: nn.Module, data: Dataset, inputs: dict[str, Tensor], seed: int | None = None):
    """Adds C1's measures of a map and of its controls on unseen inputs of several kinds; with a seed, the gain too."""
    maps = {cell.architecture: net} | controls(data, net)
    for kind, z in inputs.items():
        before = nearest(z, data.train)[0], pair_distance(z)
        for name, f in maps.items():
            for quantity, value in landing(f, z, data, before).items():
                add("C1", quantity, value, len(z), kind, 1, name)
            if seed is not None:
                some = z[:GAINS]
                add("C1", "gain", middle_gain(f, some, data, seed), len(some), kind, 1, name)


def middle_gain(f, z: Tensor, data: Dataset, seed: int) -> float:
    """Returns the median gain of a map: exact in few features, estimated in many."""
    return float(gain(f, z, None if data.dim <= EXACT else DRAWS, seed)[0].median())


def start_of(data: Dataset, cell: Cell, seed: int) -> Tensor:
    """Returns noise for a cell's chains: as many as it has, and as there are held-out points at least."""
    return noise(data, max(cell.probes, len(data.test)), seed=seed)
