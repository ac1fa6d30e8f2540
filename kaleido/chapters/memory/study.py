"""Notebook 11: what networks that learned disjoint sets of images make of the same noise."""

from functools import partial

import torch
from torch import Tensor

from kaleido.chapters.common import CLOSE, LAST, SAMPLED
from kaleido.chapters.memory.cells import SIZES, images
from kaleido.data.inputs import noise
from kaleido.data.sets import Dataset
from kaleido.learning import learn
from kaleido.measures.dynamics import APART, REST, distinct, radius
from kaleido.measures.features import Features, features
from kaleido.measures.over_generalization import nearest
from kaleido.measures.quality import prdc, reference
from kaleido.networks.build import build
from kaleido.sampling import sample
from kaleido.tools.seeds import generator

OTHER = 1000  # what is added to the seed of A's network for that of B's, and once more for other batches
PAIRS = {  # which two of: networks of A and B, of A with B's initial weights, of A with other batches; memories of both
    "other images, other weights": ("A", "B"),
    "same images, other weights": ("A", "A from B's weights"),
    "other images, same weights": ("A from B's weights", "B"),
    "same images, same weights, other batches": ("A", "A in other batches"),
    "nearest images": ("memory of A", "memory of B"),
}
JUDGES = {"mnist": range(5)}  # seeds of the classifiers that judge; on small data one, of the cell's own seed
TRIED, PICTURES = 8, 3  # training images whose spectral radius is taken; chains that are shown


def two_networks(cell, net, data, seed, history, add, steps, device="cpu"):
    """M1 to M3: learns two disjoint sets with a network each, and one set again from the other's initial weights.

    Where batches are drawn, it is learned once more: from its own initial weights, in other batches. The networks that
    decide learn on a GPU if there is one.
    """
    sets = disjoint(data, cell.points, seed)
    seeds = [seed + OTHER, seed + OTHER] + [seed + 2 * OTHER] * (cell.batch < cell.points)
    nets = [net, *build(cell.architecture, data, cell.depth, cell.width, seeds, cell.output, cell.init)]
    for other in nets[3:]:
        other.load_state_dict(net.state_dict())
    how = {"every": steps, "device": device}
    histories = learn(nets, [*sets, *(sets[0] for _ in nets[2:])], steps, cell.batch, cell.lr, **how)
    losses = [history.losses[-1] for history in histories[:2]]
    add("M1", "loss", sum(losses) / 2, cell.points, images(cell.points))
    return answers(cell, nets, sets, data, seed, add)


smoke, laptop, paper = (partial(two_networks, steps=size.steps) for size in SIZES.values())
paper = partial(paper, device="auto")


def disjoint(data: Dataset, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Returns two sets of n training points that share none, each with shape (n, D).

    The seed shuffles the training points and cuts them into halves; the sets are the first n of each half, so that
    smaller sets lie in larger ones.

    Raises:
        ValueError: If half of the training points are fewer than n.
    """
    order = torch.randperm(len(data.train), generator=generator(seed, "disjoint sets"))
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    if n > len(halves[0]):
        raise ValueError(f"'{data.name}' has {len(order)} training points, which is no two disjoint sets of {n}")
    return data.train[halves[0][:n]], data.train[halves[1][:n]]


def agreement(first: Tensor, second: Tensor) -> float:
    r"""Returns how far two maps' samples lie apart that come from the same noise, beside those from different noises.

    .. math:: \frac{\mathrm{median}_i \lVert a_i - b_i \rVert}{\mathrm{median}_i \lVert a_i - b_{i + 1} \rVert}

    0: the same samples; 1: what the noise was plays no part, as where both maps are one constant. The last a is paired
    with the first b.

    Arguments:
        first: Samples a of one map, with shape (N, D), or their features.
        second: Samples b of the other map from the same noises, in their order, with shape (N, D).
    """
    apart = _apart(first, second.roll(-1, 0))
    return _apart(first, second) / apart if apart else 1.0


def answers(cell, maps, sets, data: Dataset, seed: int, add) -> dict[str, Tensor]:
    """M1 to M3 of three maps or four: what they make of the same noise.

    Arguments:
        cell: How many chains, and which classifier.
        maps: Those that learned A, B, A from B's initial weights and, if there is one, A in other batches.
        sets: A and B.
        data: The data set that they are from.
        seed: Draws the noise.
        add: See `kaleido.lab.sweep.compute`.

    Returns:
        The first chains' noise, their samples by the first two maps, and each one's nearest image in its own set.
    """
    unit = (data.bounds[1] - data.bounds[0]) * data.dim**0.5  # root mean squares over features, in parts of the range
    start, condition = noise(data, cell.probes, seed=seed), images(len(sets[0]))
    add = partial(add, condition=condition)
    orbits = [sample(f, start, LAST, [SAMPLED, LAST], retire=REST * unit) for f in maps[:2]]
    for run in (SAMPLED, LAST):
        _near(add, [orbit.at(run) for orbit in orbits], sets, unit, run)
    held_out = data.test[: cell.probes]
    known = (nearest(held_out, sets[0])[0] <= CLOSE * unit).double().mean()
    add("M1", "share near own set", known, len(held_out), run=None, architecture="held-out images")
    radii = radius(maps[0], sets[0][:TRIED], seed=seed)
    add("M1", "radius", radii.median(), len(radii))
    add("M1", "radius below 1", (radii < 1).double().mean(), len(radii))
    samples = {who: orbit.at(SAMPLED) for who, orbit in zip("AB", orbits, strict=True)}
    for who, f in zip(("A from B's weights", "A in other batches"), maps[2:], strict=False):
        samples[who] = sample(f, start, SAMPLED, [SAMPLED]).at(SAMPLED)
    for who, own in zip("AB", sets, strict=True):  # each noise's nearest image: what a memory answers
        samples[f"memory of {who}"] = own[nearest(start, own)[1]]
    looks = [features(data, judge, cell.judge) for judge in JUDGES.get(data.name, [seed])]
    _agree(add, samples, held_out, looks)
    few = [samples[who][:PICTURES] for who in "AB"]
    known = [own[nearest(some, own)[1]] for some, own in zip(few, sets, strict=True)]
    return {f"{data.name}/{len(sets[0])}": data.as_bytes(torch.stack([start[:PICTURES], *few, *known]))}


def _near(add, samples: list[Tensor], sets, unit: float, run: int) -> None:
    """M1 and M3: how near the samples of two networks are to their own set, and to the other one; means of the two."""
    own = [nearest(some, known)[0] for some, known in zip(samples, sets, strict=True)]
    other = [nearest(some, known)[0] for some, known in zip(samples, sets[::-1], strict=True)]
    ends = [len(distinct(some, APART * unit / some.shape[1] ** 0.5).unique()) for some in samples]
    for claim, quantity, two in (
        ("M1", "share near own set", [(d <= CLOSE * unit).double().mean() for d in own]),
        ("M1", "distance to own set", [d.median() / unit for d in own]),
        ("M1", "distance to other set", [d.median() / unit for d in other]),
        ("M1", "different pictures", ends),
        ("M3", "share nearer to own set", [(d < e).double().mean() for d, e in zip(own, other, strict=True)]),
    ):
        add(claim, quantity, sum(two) / 2, len(samples[0]), run=run)


@torch.no_grad()
def _agree(add, samples: dict[str, Tensor], held_out: Tensor, looks: list[Features]) -> None:
    """M2: how far samples from the same noise lie apart; and how good the first network's are. Means of classifiers."""
    n, seen = len(samples["A"]), [{who: look(some) for who, some in samples.items()} for look in looks]
    real = [look(held_out) for look in looks]
    for name, (a, b) in PAIRS.items():
        if b not in samples:
            continue
        ratios = [agreement(some[a], some[b]) for some in seen]
        add("M2", "ratio", sum(ratios) / len(looks), n, run=SAMPLED, architecture=name)
        add("M2", "ratio in pixels", agreement(samples[a], samples[b]), n, run=SAMPLED, architecture=name)
        apart = [
            _apart(some[a], some[b].roll(-1, 0)) / _apart(own, own.roll(-1, 0))
            for some, own in zip(seen, real, strict=True)
        ]
        add("M2", "different noises", sum(apart) / len(looks), n, run=SAMPLED, architecture=name)
    few = min(n, len(held_out))
    scores = [prdc(reference(own[:few]), some["A"][:few]) for some, own in zip(seen, real, strict=True)]
    for quantity in ("precision", "coverage"):
        add("M2", quantity, sum(score[quantity] for score in scores) / len(looks), few, run=SAMPLED)


def _apart(first: Tensor, second: Tensor) -> float:
    return float(torch.linalg.vector_norm(first - second, dim=1).median())
