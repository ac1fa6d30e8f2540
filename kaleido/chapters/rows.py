"""What is measured of the networks that decide the claims about images, as rows of the record."""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import torch
from torch import Tensor, nn

from kaleido.chapters.common import DECIDING, DEEP, DRAWS, LAST, LATE, SAMPLED
from kaleido.chapters.jobs import LOOK, Job
from kaleido.chapters.remedies.cells import way
from kaleido.data.inputs import noise, probes
from kaleido.data.sets import Dataset, load
from kaleido.lab.evidence import recorded
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
    "State",
    "decided",
    "features_of",
    "judges",
    "majority",
    "mean_scores",
    "others",
    "quality_of",
    "scores_and_copies",
    "scores_of",
    "untrained",
    "write_judges",
]

JUDGES, NOISE = 5, 0.1  # classifiers; the largest precision that one may give to uniform noise
PROBES, CHAINS, GAINS = 1000, 10_000, 250
KICKS = {"noise": "none", "centred kick": "centred", "published kick": "published"}  # by condition
EARLY = (5, 10)  # runs before the deciding one at which samples are scored, too
UNTRAINED = {"untrained": "torch", "untrained he": "he"}  # initialisations, by what networks before training are called
OTHER_NOISE = "gaussian", "binary"
FOREIGN = {"mnist": "fashion", "fashion": "mnist"}  # another data set of as many features
STILL = 1e-4  # of the range, root mean square over features: unmoved


@dataclass
class State:
    """A network in one state, and the rows of what was found of it: each method but the private ones returns them all.

    Arguments:
        job: What the network is one of.
        net: The network.
        data: The data set that it learned.
        looks: The classifiers that judge.
        real: The held-out points in the features of each.
        seed: Draws noise and probes.
        condition: That of the last step or of the level, `equal steps` or `loss 0.075`; what chains started from,
            `noise`; or `baseline`, of what no network of the job made.
    """

    job: Job
    net: nn.Module
    data: Dataset
    looks: list[Features]
    real: list[Reference]
    seed: int
    condition: str
    rows: list[dict] = field(default_factory=list)

    @property
    def start(self) -> Tensor:
        """The noise that all chains of a seed start from."""
        return noise(self.data, CHAINS, seed=self.seed).to(self.data.train.device)

    def measured(self, loss: float) -> list[dict]:
        """What the claims are decided by; `loss` is the network's training loss."""
        last, z = self.condition == self.job.last, self.start
        self._add(*_over(self.job), "loss", None, loss, len(self.data.train) if last else LOOK)
        self._over_generalization(z[:PROBES])
        self._quality(sample(self.net, z, SAMPLED, [SAMPLED]).at(SAMPLED))
        return self.rows

    def followed(self) -> list[dict]:
        """Chains that are followed for long: classes, copies, and where they end."""
        z = self.start[:PROBES]
        self._classes(z)
        self._ends(z)
        return self.rows

    def turned_on(self) -> list[dict]:
        """B1: as many chains as `measured` has: their scores at run 20 and at run 200, and the copies there."""
        start = self.start
        orbit = sample(self.net, start, LATE, [SAMPLED, LATE])
        for run in (SAMPLED, LATE):
            for quantity, value in mean_scores(orbit.at(run), self.looks, self.real).items():
                self._add("07", "B1", quantity, run, value, len(start))
        for quantity, value in novelty(orbit.at(LATE)[:PROBES], self.data).items():
            self._add("07", "B2", quantity, LATE, value, PROBES)
        return self.rows

    def kicked(self) -> list[dict]:
        """As many chains as `measured` has: kicked to run 20, and without a kick at earlier runs.

        Of the kicked chains that `followed` has it says which keep their class.
        """
        start = self.start
        for condition, kick in KICKS.items():
            runs = EARLY if kick == "none" else (SAMPLED,)
            orbit = sample(self.net, start, runs[-1], runs, kick, bounds=self.data.bounds, seed=self.seed)
            for run in runs:
                for quantity, value in mean_scores(orbit.at(run), self.looks, self.real).items():
                    self._add(*quality_of(self.job), quantity, run, value, len(start), condition=condition)
            if kick != "none":
                self._classes(start[:PROBES], condition)
        return self.rows

    def remedied(self) -> list[dict]:
        """B5: scores of as many chains, turned as the remedy says, at run 200; and of plain ones at run 20.

        The plain ones are of the deciding network of the same seed.
        """
        start, turned = self.start, way(self.condition, self.data, self.seed)
        samples = sample(self.net, start, LATE, [LATE], **turned).at(LATE)
        for quantity, value, n in scores_and_copies(samples, self.looks, self.real, self.data):
            self._add("09", "B5", quantity, LATE, value, n)
        for row in decided(self.data.name, self.seed):
            self._add("09", "B5", row.quantity, SAMPLED, row.value, row.n, "plain", "plain")
        return self.rows

    def guards(self) -> list[dict]:
        """C1's number of maps that have learned nothing, and C3's scores of samples that need no network.

        The maps are the job's network before training, in both initialisations, a ridge regression, the identity, the
        mean image and black. The samples are training images, 100 of them repeated, and mixtures of two (`mixup`).
        """
        data, z, drawn = self.data, self.start[:PROBES], self._drawn
        untrained = mlp(data.dim, self.job.depth, self.job.width, init=self.job.init, seed=self.seed)
        for name, f in controls(data, untrained).items():
            for quantity, value in landing(f, z, data).items():
                self._add("01", "C1", quantity, 1, value, len(z), name, "noise")
        self._scored("training points", drawn[:CHAINS])
        self._scored("100 points repeated", drawn[torch.arange(CHAINS) % 100])
        self._scored("mixup", probes(data, "mixup", CHAINS, self.seed))
        return self.rows

    def other_inputs(self) -> list[dict]:
        """C1's numbers of unseen inputs that are not uniform noise, of the network and of maps that learned nothing."""
        data, job = self.data, self.job
        untrained = mlp(data.dim, job.depth, job.width, init=job.init, seed=self.seed)
        maps = {"mlp": self.net, **controls(data, untrained)}
        for condition, z in others(data, PROBES, self.seed).items():
            for name, f in maps.items():
                for quantity, value in landing(f, z, data).items():
                    self._add("01", "C1", quantity, 1, value, len(z), name, condition)
        return self.rows

    def other_starts(self) -> list[dict]:
        """C3's and C9's scores at run 20 of chains that start from another noise than the uniform one."""
        for kind in OTHER_NOISE:
            start = noise(self.data, CHAINS, kind, self.seed)
            samples = sample(self.net, start, SAMPLED, [SAMPLED]).at(SAMPLED)
            for quantity, value in mean_scores(samples, self.looks, self.real).items():
                self._add(*quality_of(self.job), quantity, SAMPLED, value, len(start), "mlp", kind)
        return self.rows

    def sampled_before(self) -> list[dict]:
        """C4's scores of samples of the job's network before training, in both initialisations."""
        start = self.start
        for name, init in UNTRAINED.items():
            f = mlp(self.data.dim, self.job.depth, self.job.width, init=init, seed=self.seed)
            samples = sample(f, start, SAMPLED, [SAMPLED]).at(SAMPLED)
            for quantity, value in mean_scores(samples, self.looks, self.real).items():
                self._add("04", "C4", quantity, SAMPLED, value, len(start), name)
        return self.rows

    def reconstructed(self) -> list[dict]:
        """What the network's outputs for training images and for held-out ones are scored with: C3's and B2's rows.

        No sample can be expected to look more like an image than what the network makes of that image.
        """
        for name, images in {"training": self._drawn[:CHAINS], "held-out": self.data.test[:CHAINS]}.items():
            with torch.no_grad():
                outputs = self.net(images)
            self._scored(f"f of {name} points", outputs)
            for quantity, value in novelty(outputs[:PROBES], self.data).items():
                self._add("07", "B2", quantity, 1, value, len(outputs[:PROBES]), f"f of {name} points")
        return self.rows

    @property
    def _drawn(self) -> Tensor:
        """All training images, in an order that the seed draws."""
        return self.data.train[torch.randperm(len(self.data.train), generator=generator(self.seed, "baselines"))]

    def _add(self, notebook, claim, quantity, run, value, n, architecture=None, condition=None):
        self.rows.append({
            "notebook": notebook, "claim": claim, "quantity": quantity, "data": self.job.data,
            "architecture": architecture or self.job.variant, "depth": self.job.depth, "width": self.job.width,
            "condition": condition or self.condition, "run": run, "seed": self.seed, "value": float(value), "n": n,
        })  # fmt: skip

    @property
    def _whole(self) -> bool:
        return self.condition == "equal steps" and self.job.deep

    def _over_generalization(self, z: Tensor) -> None:
        """C1, C2 and C5: where noise lands, and how near pairs of it come to one another."""
        for quantity, value in landing(self.net, z, self.data).items():
            self._add(*_over(self.job), quantity, 1, value, len(z))
            if self._whole:
                self._add("01", "C1", quantity, 1, value, len(z), "mlp", "noise")
        g = gain(self.net, z[:GAINS], DRAWS, self.seed)[0]
        self._add(*_over(self.job), "gain", 1, g.median(), len(g))

    def _quality(self, samples: Tensor) -> None:
        """C3, C4, C5 and C9: scores of samples at run 20, means over the classifiers, and their range."""
        scores = scores_of(samples, self.looks, self.real)
        for quantity in scores[0]:
            values = [score[quantity] for score in scores]
            for said, value in ((quantity, sum(values) / len(values)),
                                (f"{quantity}, range over classifiers", max(values) - min(values))):  # fmt: skip
                self._add(*_by_network(self.job), said, SAMPLED, value, len(samples))
                if self._whole:
                    self._add(*quality_of(self.job), said, SAMPLED, value, len(samples), "mlp", "noise")

    def _scored(self, name: str, images: Tensor) -> None:
        """C3 and C9: scores of samples that did not come from noise."""
        for quantity, value in mean_scores(images, self.looks, self.real).items():
            self._add(*quality_of(self.job), quantity, None, value, len(images), name)

    def _classes(self, start: Tensor, condition: str = "noise") -> None:
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
            self._add("03", "C8", quantity, None, value, len(start), "mlp", condition)

    def _ends(self, start: Tensor) -> None:
        """B2 and B3: copies at run 20, and where chains are at run 500."""
        unit, n = self.data.bounds[1] - self.data.bounds[0], len(start)
        orbit = sample(self.net, start, LAST, [SAMPLED, LAST], retire=REST * unit * self.data.dim**0.5)
        for quantity, value in novelty(orbit.at(SAMPLED), self.data).items():
            self._add("07", "B2", quantity, SAMPLED, value, n, condition="noise")
        found = ends(self.net, orbit.at(LAST), STILL * unit)
        kinds = {"fixed": found.periods == 1, "cycle": found.periods > 1, "neither": found.periods == 0}
        for kind, chosen in kinds.items():
            self._add("07", "B3", f"share {kind}", LAST, chosen.double().mean(), n, condition="noise")
        left = len(distinct(orbit.at(LAST), APART * unit).unique())
        self._add("07", "B1", "different pictures", LAST, left, n, condition="noise")


def others(data: Dataset, n: int, seed: int) -> dict[str, Tensor]:
    """Returns unseen inputs that are not uniform noise, by name.

    They are clipped normal noise, held-out images, mixtures of two training images, and images of another data set.
    """
    found = {kind: probes(data, kind, n, seed) for kind in ("gaussian", "heldout", "mixup")}
    if data.name in FOREIGN:
        found[FOREIGN[data.name]] = probes(data, "foreign", n, seed, load(FOREIGN[data.name]))
    return found


def untrained(job: Job, data: Dataset) -> list[dict]:
    """Returns the numbers of C2 or C5 of a job's networks before training, for every seed.

    Those of C2 are there in both initialisations.
    """
    names, condition = (UNTRAINED, "baseline") if job.architecture == "mlp" else ({job.variant: job.init}, "untrained")
    rows = []
    for seed in DECIDING:
        found = State(job, nn.Identity(), data, [], [], seed, condition)
        z = found.start[:PROBES]
        before = nearest(z, data.train)[0], pair_distance(z)
        for name, init in names.items():
            (f,) = build(job.architecture, data, job.depth, job.width, [seed], init=init)
            for quantity, value in landing(f, z, data, before).items():
                found._add(*_over(job), quantity, 1, value, len(z), name)
        rows += found.rows
    return rows


def decided(data: str, seed: int) -> list:
    """Returns C3's rows at run 20 of the deciding network of a seed, from notebook 03's record."""
    about = {"data": data, "architecture": "mlp", "depth": DEEP, "condition": "noise", "seeds": str(seed)}
    return list(recorded("03", "paper").rows(claim="C3", run=SAMPLED, **about).itertuples())


def mean_scores(samples: Tensor, looks: list[Features], real: list[Reference]) -> dict[str, float]:
    """Returns the scores of samples, means over the classifiers: see `scores_of`."""
    scores = scores_of(samples, looks, real)
    return {quantity: sum(score[quantity] for score in scores) / len(scores) for quantity in scores[0]}


def scores_and_copies(samples: Tensor, looks: list[Features], real: list[Reference], data: Dataset) -> list[tuple]:
    """Returns the mean scores of samples, and novelty and copy share of the first of them: name, value and how many."""
    first = samples[:PROBES]
    both = (mean_scores(samples, looks, real), len(samples)), (novelty(first, data), len(first))
    return [(quantity, value, n) for found, n in both for quantity, value in found.items()]


def scores_of(samples: Tensor, looks: list[Features], real: list[Reference]) -> list[dict[str, float]]:
    """Returns the scores of samples by each classifier, in whose features it has the held-out points."""
    features = [features_of(look, samples) for look in looks]
    return [
        prdc(known, fake) | predicted(look.classes(fake))
        for look, known, fake in zip(looks, real, features, strict=True)
    ]


@torch.no_grad()
def features_of(look: Features, x: Tensor) -> Tensor:
    return look(x)


@torch.no_grad()
def majority(looks: list[Features], x: Tensor) -> Tensor:
    """Returns the class that most of the classifiers see in each image; of several, the lowest."""
    votes = torch.stack([look.classes(look(x)).argmax(1) for look in looks])
    return nn.functional.one_hot(votes).sum(0).argmax(1)


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
