"""What is measured of the networks that decide the claims about images, as rows of the record."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path

import torch
from torch import Tensor, nn

from kaleido.chapters.common import DECIDING, DRAWS, LAST, LATE, SAMPLED
from kaleido.chapters.jobs import LOOK, Job
from kaleido.data.inputs import noise, probes
from kaleido.data.sets import Dataset
from kaleido.measures.baselines import controls
from kaleido.measures.dynamics import APART, REST, distinct, ends
from kaleido.measures.features import Features, features
from kaleido.measures.over_generalization import gain, landing, nearest, pair_distance
from kaleido.measures.quality import Reference, novelty, prdc, predicted
from kaleido.networks.build import build, mlp
from kaleido.sampling import sample
from kaleido.tools import files
from kaleido.tools.seeds import generator

__all__ = [
    "features_of", "followed", "guards", "judges", "kicked", "majority", "measured", "quality_of", "reconstructed",
    "sampled_before", "turned_on", "untrained", "write_judges",
]  # fmt: skip

JUDGES, NOISE = 5, 0.1  # classifiers; the largest precision that one may give to uniform noise
PROBES, CHAINS, GAINS = 1000, 10_000, 250
KICKS = {"noise": "none", "centred kick": "centred", "published kick": "published"}  # by condition
EARLY = (5, 10)  # runs before the deciding one at which samples are scored, too
UNTRAINED = {"untrained": "torch", "untrained he": "he"}  # initialisations, by what networks before training are called
STILL = 1e-4  # of the range, root mean square over features: unmoved


def measured(job: Job, net: nn.Module, data: Dataset, looks: list[Features], real: list[Reference], seed: int,
             condition: str, loss: float) -> list[dict]:  # fmt: skip
    """Returns the rows of one network in one state: what the claims are decided by.

    Arguments:
        job: What it is one of.
        net: The network.
        data: The data set that it learned.
        looks: The classifiers that judge.
        real: The held-out points in the features of each.
        seed: Draws noise and probes.
        condition: That of the last step, or of the level: `equal steps` or `loss 0.075`.
        loss: Its training loss.
    """
    found = _State(job, net, data, looks, real, seed, condition, [])
    found.add(*_over(job), "loss", None, loss, len(data.train) if condition == job.last else LOOK)
    z = noise(data, CHAINS, seed=seed).to(data.train.device)
    found.over_generalization(z[:PROBES])
    found.quality(sample(net, z, SAMPLED, [SAMPLED]).at(SAMPLED))
    return found.rows


def followed(job: Job, net: nn.Module, data: Dataset, looks: list[Features], seed: int) -> list[dict]:
    """Returns the rows of one network's chains that are followed for long: classes, copies, and where they end."""
    found = _State(job, net, data, looks, [], seed, "equal steps", [])
    start = noise(data, CHAINS, seed=seed)[:PROBES].to(data.train.device)
    found.classes(start)
    found.ends(start)
    return found.rows


def turned_on(
    job: Job, net: nn.Module, data: Dataset, looks: list[Features], real: list[Reference], seed: int
) -> list[dict]:
    """Returns the rows of as many chains as `measured` has, turned ten times as long."""
    found = _State(job, net, data, looks, real, seed, "noise", [])
    found.late(noise(data, CHAINS, seed=seed).to(data.train.device))
    return found.rows


def kicked(
    job: Job, net: nn.Module, data: Dataset, looks: list[Features], real: list[Reference], seed: int
) -> list[dict]:
    """Returns the rows of as many chains as `measured` has: kicked to run 20, and without a kick at earlier runs.

    Of the kicked chains that `followed` has it says which keep their class.
    """
    found = _State(job, net, data, looks, real, seed, "noise", [])
    start = noise(data, CHAINS, seed=seed).to(data.train.device)
    for condition, kick in KICKS.items():
        runs = EARLY if kick == "none" else (SAMPLED,)
        orbit = sample(net, start, runs[-1], runs, kick, bounds=data.bounds, seed=seed)
        for run in runs:
            for quantity, value in found.means(orbit.at(run)).items():
                found.add(*quality_of(job), quantity, run, value, len(start), condition=condition)
        if kick != "none":
            found.classes(start[:PROBES], condition)
    return found.rows


def guards(job: Job, data: Dataset, looks: list[Features], real: list[Reference], seed: int) -> list[dict]:
    """Returns C1's number of maps that have learned nothing, and C3's scores of samples that need no network.

    The maps are the job's network before training, in both initialisations, a ridge regression, the identity, the mean
    image and black. The samples are training images, 100 of them repeated, and mixtures of two (`mixup`).
    """
    found = _State(job, nn.Identity(), data, looks, real, seed, "baseline", [])
    z = noise(data, CHAINS, seed=seed)[:PROBES]
    maps = controls(data, mlp(data.dim, job.depth, job.width, init=job.init, seed=seed))
    for name, f in maps.items():
        for quantity, value in landing(f, z, data).items():
            found.add("01", "C1", quantity, 1, value, len(z), name, "noise")
    drawn = data.train[torch.randperm(len(data.train), generator=generator(seed, "baselines"))]
    samples = {
        "training points": drawn[:CHAINS],
        "100 points repeated": drawn[torch.arange(CHAINS) % 100],
        "mixup": probes(data, "mixup", CHAINS, seed),
    }
    for name, images in samples.items():
        found.scored(name, images)
    return found.rows


def untrained(job: Job, data: Dataset) -> list[dict]:
    """Returns the numbers of C2 or C5 of a job's networks before training, for every seed.

    Those of C2 are there in both initialisations.
    """
    names, condition = (UNTRAINED, "baseline") if job.architecture == "mlp" else ({job.variant: job.init}, "untrained")
    rows = []
    for seed in DECIDING:
        found = _State(job, nn.Identity(), data, [], [], seed, condition, [])
        z = noise(data, CHAINS, seed=seed)[:PROBES]
        before = nearest(z, data.train)[0], pair_distance(z)
        for name, init in names.items():
            (f,) = build(job.architecture, data, job.depth, job.width, [seed], init=init)
            for quantity, value in landing(f, z, data, before).items():
                found.add(*_over(job), quantity, 1, value, len(z), name)
        rows += found.rows
    return rows


def sampled_before(job: Job, data: Dataset, looks: list[Features], real: list[Reference], seed: int) -> list[dict]:
    """Returns C4's scores of samples of a job's network before training, in both initialisations."""
    found, start = _State(job, nn.Identity(), data, looks, real, seed, "baseline", []), noise(data, CHAINS, seed=seed)
    for name, init in UNTRAINED.items():
        f = mlp(data.dim, job.depth, job.width, init=init, seed=seed)
        for quantity, value in found.means(sample(f, start, SAMPLED, [SAMPLED]).at(SAMPLED)).items():
            found.add("04", "C4", quantity, SAMPLED, value, len(start), name)
    return found.rows


def reconstructed(job: Job, net: nn.Module, data: Dataset, looks: list[Features], real: list[Reference],
                  seed: int) -> list[dict]:  # fmt: skip
    """Returns what a network's outputs for training images and for held-out ones are scored with: C3's and B2's rows.

    No sample can be expected to look more like an image than what the network makes of that image.
    """
    found = _State(job, net, data, looks, real, seed, "baseline", [])
    drawn = data.train[torch.randperm(len(data.train), generator=generator(seed, "baselines"))]
    for name, images in {"training": drawn[:CHAINS], "held-out": data.test[:CHAINS]}.items():
        with torch.no_grad():
            outputs = net(images)
        found.scored(f"f of {name} points", outputs)
        for quantity, value in novelty(outputs[:PROBES], data).items():
            found.add("07", "B2", quantity, 1, value, len(outputs[:PROBES]), f"f of {name} points")
    return found.rows


@torch.no_grad()
def features_of(look: Features, x: Tensor) -> Tensor:
    return look(x)


@torch.no_grad()
def majority(looks: list[Features], x: Tensor) -> Tensor:
    """Returns the class that most of the classifiers see in each image; of several, the lowest."""
    votes = torch.stack([look.classes(look(x)).argmax(1) for look in looks])
    return nn.functional.one_hot(votes).sum(0).argmax(1)


@dataclass
class _State:
    """One network in one state, and the rows that say what was found of it."""

    job: Job
    net: nn.Module
    data: Dataset
    looks: list[Features]
    real: list[Reference]
    seed: int
    condition: str
    rows: list[dict]

    def add(self, notebook, claim, quantity, run, value, n, architecture=None, condition=None):
        self.rows.append({
            "notebook": notebook, "claim": claim, "quantity": quantity, "data": self.job.data,
            "architecture": architecture or self.job.variant, "depth": self.job.depth, "width": self.job.width,
            "condition": condition or self.condition, "run": run, "seed": self.seed, "value": float(value), "n": n,
        })  # fmt: skip

    @property
    def whole(self) -> bool:
        return self.condition == "equal steps" and self.job.deep

    def over_generalization(self, z: Tensor) -> None:
        """C1, C2 and C5: where noise lands, and how near pairs of it come to one another."""
        for quantity, value in landing(self.net, z, self.data).items():
            self.add(*_over(self.job), quantity, 1, value, len(z))
            if self.whole:
                self.add("01", "C1", quantity, 1, value, len(z), "mlp", "noise")
        g = gain(self.net, z[:GAINS], DRAWS, self.seed)[0]
        self.add(*_over(self.job), "gain", 1, g.median(), len(g))

    def quality(self, samples: Tensor) -> None:
        """C3, C4, C5 and C9: scores of samples at run 20, means over the classifiers, and their range."""
        scores = self.scores(samples)
        for quantity in scores[0]:
            values = [score[quantity] for score in scores]
            for said, value in ((quantity, sum(values) / len(values)),
                                (f"{quantity}, range over classifiers", max(values) - min(values))):  # fmt: skip
                self.add(*_by_network(self.job), said, SAMPLED, value, len(samples))
                if self.whole:
                    self.add(*quality_of(self.job), said, SAMPLED, value, len(samples), "mlp", "noise")

    def scored(self, name: str, images: Tensor) -> None:
        """C3 and C9: scores of samples that did not come from noise."""
        for quantity, value in self.means(images).items():
            self.add(*quality_of(self.job), quantity, None, value, len(images), name)

    def means(self, samples: Tensor) -> dict[str, float]:
        """The scores of samples, means over the classifiers."""
        scores = self.scores(samples)
        return {quantity: sum(score[quantity] for score in scores) / len(scores) for quantity in scores[0]}

    def scores(self, samples: Tensor) -> list[dict[str, float]]:
        """The scores of samples by each classifier."""
        features = [features_of(look, samples) for look in self.looks]
        return [
            prdc(real, fake) | predicted(look.classes(fake))
            for look, real, fake in zip(self.looks, self.real, features, strict=True)
        ]

    def late(self, start: Tensor) -> None:
        """B1: the scores at run 20 that change until run 200, and the copies there."""
        orbit = sample(self.net, start, LATE, [SAMPLED, LATE])
        for run in (SAMPLED, LATE):
            for quantity, value in self.means(orbit.at(run)).items():
                self.add("07", "B1", quantity, run, value, len(start))
        for quantity, value in novelty(orbit.at(LATE)[:PROBES], self.data).items():
            self.add("07", "B2", quantity, LATE, value, PROBES)

    def classes(self, start: Tensor, condition: str = "noise") -> None:
        """C8: the class of each chain, the majority of the classifiers, at runs 50 to 100."""
        still = range(50, 101)
        orbit = sample(self.net, start, still[-1], still, KICKS[condition], bounds=self.data.bounds, seed=self.seed)
        votes = torch.stack([majority(self.looks, orbit.at(run)) for run in still])
        shares = votes[-1].bincount(minlength=10).double() / len(start)
        for quantity, value in {
            "share that keeps its class": (votes == votes[0]).all(0).double().mean(),
            "same class at runs 50 and 100": (votes[0] == votes[-1]).double().mean(),
            "switches": (votes[1:] != votes[:-1]).sum(0).double().mean(),
            "final class entropy": -torch.xlogy(shares, shares).sum(),
        }.items():
            self.add("03", "C8", quantity, None, value, len(start), "mlp", condition)

    def ends(self, start: Tensor) -> None:
        """B2 and B3: copies at run 20, and where chains are at run 500."""
        unit, n = self.data.bounds[1] - self.data.bounds[0], len(start)
        orbit = sample(self.net, start, LAST, [SAMPLED, LAST], retire=REST * unit * self.data.dim**0.5)
        for quantity, value in novelty(orbit.at(SAMPLED), self.data).items():
            self.add("07", "B2", quantity, SAMPLED, value, n, condition="noise")
        found = ends(self.net, orbit.at(LAST), STILL * unit)
        kinds = {"fixed": found.periods == 1, "cycle": found.periods > 1, "neither": found.periods == 0}
        for kind, chosen in kinds.items():
            self.add("07", "B3", f"share {kind}", LAST, chosen.double().mean(), n, condition="noise")
        left = len(distinct(orbit.at(LAST), APART * unit).unique())
        self.add("07", "B1", "different pictures", LAST, left, n, condition="noise")


def _over(job: Job) -> tuple[str, str]:
    """The notebook and the claim that a job's over-generalization is of."""
    return ("04", "C2") if job.architecture == "mlp" else ("05", "C5")


def _by_network(job: Job) -> tuple[str, str]:
    """The notebook and the claim that its samples are of, compared with those of other networks."""
    return ("04", "C4") if job.architecture == "mlp" else ("05", "C5")


def quality_of(job: Job) -> tuple[str, str]:
    """Returns the notebook and the claim that scores of a deep job's samples are of, by themselves."""
    return ("03", "C3") if job.data == "mnist" else ("06", "C9")


def judges(data: Dataset) -> list[Features]:
    """The classifiers that judge samples of a data set: those of the first seeds that do not take noise for data.

    If the record has their weights they are read, since other processors would train others.
    """
    known = files.record_folder() / "paper" / f"{data.name}-judges.safetensors"
    if known.exists():
        return _read_judges(known, data)
    found, start = [], noise(data, CHAINS, seed=3)
    for seed in count():
        look = features(data, seed)
        if prdc(features_of(look, data.test), features_of(look, start))["precision"] <= NOISE:
            found.append(look)
        if len(found) == JUDGES:
            return found


def _read_judges(path: Path, data: Dataset) -> list[Features]:
    weights, found = files.read_tensors(path)[0], []
    for place in range(JUDGES):
        look = Features(data.image_shape, int(data.train_labels.max()) + 1).eval().requires_grad_(False)
        look.load_state_dict({name: weights[f"{place}/{name}"] for name in look.state_dict()})
        found.append(look)
    return found


def write_judges(path: Path, looks: list[Features]) -> None:
    """Writes classifiers where `judges` reads them, if the record has the file."""
    weights = {
        f"{place}/{name}": value for place, look in enumerate(looks) for name, value in look.state_dict().items()
    }
    files.write_tensors(path, {name: value.cpu() for name, value in weights.items()}, {})
