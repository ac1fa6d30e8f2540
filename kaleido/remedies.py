"""Claim B5: what repairs the collapse and the jumps, and the search for the best of it."""

from torch import Tensor

from kaleido.chosen import RECIPE
from kaleido.data.inputs import noise
from kaleido.data.sets import Dataset
from kaleido.generation import PICTURES, RUNS, SCORES, validation
from kaleido.learning import History
from kaleido.measures.dynamics import APART, REST, distinct
from kaleido.measures.features import Features, features
from kaleido.measures.quality import assess
from kaleido.sampling import sample
from kaleido.studies import as_bytes, row

__all__ = ["LAST", "SAMPLERS", "remedies"]

LATE = range(150, 171)  # runs whose largest step is a chain's jump
STILL = 5  # runs without a kick at the end
LAST = 200  # runs
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
PLAINLY = ("plain", "damping 0.5", "kick 0.3", "kick 1, stopped", "kick 1, annealed")  # of the plain network


def remedies(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """B5: chains of networks that learned in one way (the variant), turned in several (the condition), 200 times.

    With `points`, networks have learned from the first training points, are judged on the other ones, and are turned in
    all ways: the search. Else they are judged on the held-out points; one that learned plainly is turned as `PLAINLY`
    and as the recipe says, others plainly and as the recipe says.
    """
    rows, arrays = [], {}
    for net, whole, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        look = features(whole, seed, cell.judge)
        data = validation(whole, cell.points) if cell.points else whole
        ways = (*PLAINLY, RECIPE[1]) if cell.variant == "plain" else ("plain", RECIPE[1])
        for name in SAMPLERS if cell.points else dict.fromkeys(ways):
            rows += _turned(cell, net, data, look, name, seed, history, arrays)
    return rows, arrays


def _turned(cell, net, data: Dataset, look: Features, name: str, seed: int, history: History, arrays) -> list[dict]:
    """Rows of one network's chains, turned in one way; keeps pictures of the first seed's."""
    damping, kick, how = SAMPLERS[name]
    n = len(data.test)
    runs = RUNS if name == "plain" else (20, LAST)
    sizes = {
        "kept": [kick] * LAST,
        "stopped": [kick] * (LAST - STILL) + [0.0] * STILL,
        "annealed": [kick * max(0.0, 1 - run / (LAST - STILL)) for run in range(LAST)],
    }[how]
    unit = data.bounds[1] - data.bounds[0]
    away = unit * data.dim**0.5
    way = {"eps": sizes, "damping": damping, "bounds": data.bounds, "seed": seed}
    way |= {"kick": "centred"} if kick else {"retire": REST * away}
    orbit = sample(net, noise(data, n, seed=seed), LAST, {*runs, *LATE}, **way)
    jumps = orbit.steps[[orbit.runs.index(run) for run in LATE]].amax(0) / away
    rows = []

    def add(quantity: str, run: int | None, value: float, count: int) -> None:
        rows.append(row("B5", quantity, cell.variant, name, run, seed, value, count))

    add("loss", None, history.losses[-1], len(data.train))
    add("jump", None, float(jumps.double().mean()), n)
    for run in runs:
        scores = assess(orbit.at(run), data, look)
        for quantity in SCORES:
            add(quantity, run, scores[quantity], n)
    add("different pictures", LAST, len(distinct(orbit.at(LAST), APART * unit).unique()), n)
    if seed == cell.seeds[0] and not cell.points:
        arrays[f"{cell.data}/{cell.variant}/{name}"] = as_bytes(orbit.at(LAST)[:PICTURES], data)
    return rows
