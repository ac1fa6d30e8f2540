"""The published settings: networks that decide the claims about images, each measured by itself.

    python -m kaleido.chapters.published learn FOLDER [JOBS...]
    python -m kaleido.chapters.published measure FOLDER [JOBS...]
    python -m kaleido.chapters.published compare FOLDER [JOBS...]
    python -m kaleido.chapters.published assemble FOLDER

`learn` writes each network's weights, at the end and at the level of the loss that the controls take, and the losses
along the training: on a GPU those of all seeds together, else one after the other. `measure` writes rows for each
network, `compare` for what they are compared with, and `assemble` adds them to the record. What the folder or the
record has is not computed again, and what another process is at is left to it: on a CPU, start a process for each core.
book/claims.md says what is decided.
"""

import json
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import count
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from safetensors.torch import load_file
from torch import Tensor, nn

from kaleido import chapters
from kaleido.chapters.common import DECIDING, DEEP, DRAWS, LAST, LATE, SAMPLED, SHALLOW, held_out
from kaleido.chapters.common import MATCHED as LEVELS_OF_CLAIMS
from kaleido.data.inputs import noise, probes
from kaleido.data.sets import Dataset, load
from kaleido.lab.evidence import add_evidence, recorded
from kaleido.learning import History, learn
from kaleido.measures.baselines import controls
from kaleido.measures.dynamics import APART, REST, distinct, ends
from kaleido.measures.features import Features, features
from kaleido.measures.over_generalization import gain, landing, nearest, pair_distance
from kaleido.measures.quality import Reference, novelty, prdc, predicted
from kaleido.networks.build import mlp
from kaleido.sampling import sample
from kaleido.saved import load_networks, save_networks
from kaleido.tools import files
from kaleido.tools.exact import processor
from kaleido.tools.seeds import generator

__all__ = [
    "JOBS", "Job", "assemble", "first_network", "followed", "guards", "hand_out", "judges", "kicked", "learn_all",
    "majority", "measured", "parts", "pictures", "reconstructed", "states", "trained", "turned_on", "uncompared",
    "untrained",
]  # fmt: skip

STEPS, BATCH, RATE, LOOK, EVERY = 10_000, 1000, 1e-4, 10_000, 0.02
LEVELS = (0.2, 0.15, 0.1, 0.075, 0.065)  # of the loss; the controls at equal loss take 0.075
MATCHED = LEVELS_OF_CLAIMS["mnist"]  # the level that the controls at equal loss take
JUDGES, NOISE = 5, 0.1  # classifiers; the largest precision that one may give to uniform noise
SEARCHED = ("fashion",)  # data sets whose first classifiers take noise for data: the record has those that judge
PROBES, CHAINS, GAINS = 1000, 10_000, 250
SHOWN, TURNS, IN_A_ROW = 48, 25, 16  # chains and runs of the published pictures, and samples of each depth
KICKS = {"noise": "none", "centred kick": "centred", "published kick": "published"}  # by condition
EARLY = (5, 10)  # runs before the deciding one at which samples are scored, too
UNTRAINED = {"untrained": "torch", "untrained he": "he"}  # initialisations, by what networks before training are called
STILL = 1e-4  # of the range, root mean square over features: unmoved


@dataclass(frozen=True)
class Job:
    """Networks that differ in nothing but their seed."""

    data: str
    depth: int
    width: int = 500
    init: str = "torch"
    variant: str = "mlp"

    @property
    def deep(self) -> bool:
        """Whether its networks are the published ones, and no variant of them."""
        return self.depth == DEEP and self.variant == "mlp"

    @property
    def name(self) -> str:
        return f"{self.data}-{self.depth}-{self.width}-{self.init}"


JOBS = (
    Job("mnist", 10),
    Job("mnist", 1),
    Job("mnist", 4),
    Job("mnist", 2),
    Job("mnist", 6),
    Job("fashion", 10),
    Job("mnist", 1, width=1937, variant="equal parameters"),
    Job("mnist", 10, init="he", variant="He"),
    Job("mnist", 1, init="he", variant="He"),
)
GIVEN = JOBS[:2]  # their first networks lie in the record, for readers


def learn_all(job: Job, data: Dataset, folder: Path, seeds=DECIDING, steps: int = STEPS) -> None:
    """Trains a job's networks where `data` lies; writes their weights and what a reader should know of the run."""
    device = data.train.device.type
    nets = [mlp(data.dim, job.depth, job.width, init=job.init, seed=seed) for seed in seeds]
    began = time.time()
    how = {"batch": BATCH, "lr": RATE, "snapshots": LEVELS, "every": EVERY, "look": LOOK, "device": device}
    histories = learn(nets, data.train, steps, **how)
    for net, seed, history in zip(nets, seeds, histories, strict=True):
        kept = {f"{job.name}-{seed}": net.state_dict()}
        kept |= {
            f"{job.name}-{seed}-{mark.level:g}": mark.weights for mark in history.snapshots if mark.level == MATCHED
        }
        for name, weights in kept.items():
            files.write_tensors(folder / f"{name}.safetensors", dict(weights), {"config": net.config})
    about = {
        "job": job.name, "seeds": list(seeds), "steps": steps, "torch": torch.__version__,
        "card": torch.cuda.get_device_name() if device == "cuda" else processor(),
        "seconds": round(time.time() - began, 1),
        "final": [history.final for history in histories],
        "traces": [[history.steps, [float(f"{loss:.7g}") for loss in history.losses]] for history in histories],
        "levels": [[[mark.level, mark.step, mark.loss] for mark in history.snapshots] for history in histories],
    }  # fmt: skip
    name = "-".join([job.name, *([] if tuple(seeds) == DECIDING else map(str, seeds))])
    files.write(folder / f"{name}.json", json.dumps(about) + "\n")


def trained(job: Job, folder: Path) -> dict[int, dict]:
    """Returns by seed how a job's networks were trained: card, final loss, losses along the way, levels of the loss."""
    found = {}
    for path in sorted(folder.glob(f"{job.name}*.json"), key=lambda path: len(path.name)):  # a seed's own counts
        about = json.loads(path.read_text(encoding="utf-8"))
        each = zip(about["seeds"], about["final"], about["traces"], about["levels"], strict=True)
        for seed, final, trace, levels in each:
            found[seed] = {"card": about["card"], "final": final, "trace": trace, "levels": levels}
    return found


def parts(job: Job, seed: int) -> list[str]:
    """Returns what is measured of a network and is not in the record yet, by what its files' names end with."""
    every = {"": ("04", {"condition": "equal steps"}), f"-{MATCHED:g}": ("04", {"condition": f"loss {MATCHED:g}"})}
    if job.deep:
        every["-kicked"] = _quality(job)[0], {"condition": "published kick", "quantity": "coverage"}
        every["-followed"] = "07", {"claim": "B3"}
        every["-late"] = "07", {"claim": "B1", "quantity": "coverage"}
    known = trained(job, files.record_folder() / "paper").get(seed)
    if known and MATCHED not in [level for level, _, _ in known["levels"]]:  # its loss did not come so low
        every.pop(f"-{MATCHED:g}")
    about = {"data": job.data, "depth": job.depth, "width": job.width, "architecture": job.variant, "seeds": str(seed)}
    return [part for part, (notebook, where) in every.items() if not _there(notebook, **about, **where)]


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
        condition: `equal steps`, or `loss 0.075`.
        loss: Its training loss.
    """
    found = _State(job, net, data, looks, real, seed, condition, [])
    last = condition == "equal steps"
    found.add("04", "C2", "loss", None, loss, len(data.train) if last else LOOK)
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
                found.add(*_quality(job), quantity, run, value, len(start), condition=condition)
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
    """Returns C2's numbers of a job's networks before training, in both initialisations, for every seed."""
    rows = []
    for seed in DECIDING:
        found = _State(job, nn.Identity(), data, [], [], seed, "baseline", [])
        z = noise(data, CHAINS, seed=seed)[:PROBES]
        before = nearest(z, data.train)[0], pair_distance(z)
        for name, init in UNTRAINED.items():
            f = mlp(data.dim, job.depth, job.width, init=init, seed=seed)
            for quantity, value in landing(f, z, data, before).items():
                found.add("04", "C2", quantity, 1, value, len(z), name)
        rows += found.rows
    return rows


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
        """C1 and C2: where noise lands, and how near pairs of it come to one another."""
        for quantity, value in landing(self.net, z, self.data).items():
            self.add("04", "C2", quantity, 1, value, len(z))
            if self.whole:
                self.add("01", "C1", quantity, 1, value, len(z), "mlp", "noise")
        g = gain(self.net, z[:GAINS], DRAWS, self.seed)[0]
        self.add("04", "C2", "gain", 1, g.median(), len(g))

    def quality(self, samples: Tensor) -> None:
        """C3, C4 and C9: scores of samples at run 20, means over the classifiers, and their range."""
        scores = self.scores(samples)
        for quantity in scores[0]:
            values = [score[quantity] for score in scores]
            for said, value in ((quantity, sum(values) / len(values)),
                                (f"{quantity}, range over classifiers", max(values) - min(values))):  # fmt: skip
                self.add("04", "C4", said, SAMPLED, value, len(samples))
                if self.whole:
                    self.add(*_quality(self.job), said, SAMPLED, value, len(samples), "mlp", "noise")

    def scored(self, name: str, images: Tensor) -> None:
        """C3 and C9: scores of samples that did not come from noise."""
        for quantity, value in self.means(images).items():
            self.add(*_quality(self.job), quantity, None, value, len(images), name)

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


def _quality(job: Job) -> tuple[str, str]:
    """The notebook and the claim that scores of a job's samples are of."""
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


def _write_judges(path: Path, looks: list[Features]) -> None:
    weights = {
        f"{place}/{name}": value for place, look in enumerate(looks) for name, value in look.state_dict().items()
    }
    files.write_tensors(path, {name: value.cpu() for name, value in weights.items()}, {})


def states(job: Job, folder: Path) -> list[tuple[str, int, str, float]]:
    """Returns the states of a job's networks whose weights are there: file, seed, condition, training loss."""
    found = []
    for seed, about in sorted(trained(job, folder).items()):
        found.append((f"{job.name}-{seed}", seed, "equal steps", about["final"]))
        found += [
            (f"{job.name}-{seed}-{level:g}", seed, f"loss {level:g}", loss)
            for level, _, loss in about["levels"]
            if level == MATCHED
        ]
    return [state for state in found if (folder / f"{state[0]}.safetensors").exists()]


def pictures(folder: Path) -> dict[str, dict[str, Tensor]]:
    """Returns pictures of the chains of the first seed's networks, by notebook: of those whose weights are there.

    For 03 and 06: 48 chains of ten layers, without a kick and with the published one, at runs 0 to 25. For 04: samples
    of MNIST by depth at run 20, from the same noise, after equal steps and at the level of the loss.
    """
    found: dict[str, dict[str, Tensor]] = {}
    every = [(job, *state) for job in JOBS if job.variant == "mlp" for state in states(job, folder)]
    for job, name, seed, condition, _ in every:
        if seed != DECIDING[0]:
            continue
        data, net = load(job.data), _network(job, folder / f"{name}.safetensors", seed)
        start = noise(data, CHAINS, seed=seed)[:SHOWN]
        if job.data == "mnist":
            samples = sample(net, start, SAMPLED, [SAMPLED]).at(SAMPLED)
            found.setdefault("04", {})[f"{job.data}/{job.depth}/{condition}"] = data.as_bytes(samples[:IN_A_ROW])
        if job.deep and condition == "equal steps":
            for kick in ("none", "published"):
                orbit = sample(net, start, TURNS, kick=kick, bounds=data.bounds, seed=seed)
                kept = data.as_bytes(orbit.states)
                found.setdefault(_quality(job)[0], {})[f"{job.data}/{job.depth}/kick {kick}"] = kept
    return found


def hand_out(folder: Path, record: Path) -> None:
    """Writes the first seed's networks of ten layers and of one for readers: as float16, with their losses."""
    seed = DECIDING[0]
    for job in GIVEN:
        path = folder / f"{job.name}-{seed}.safetensors"
        if not path.exists():
            continue
        net, about = _network(job, path, seed), trained(job, folder)[seed]
        history = History(*map(tuple, about["trace"]), final=about["final"])
        save_networks(record / f"{path.stem}.float16.safetensors", [net], [history], half=True)


def assemble(folder: Path, record: Path) -> None:
    """Writes the rows of all measured networks as the evidence of the profile `paper`, and how they were trained.

    Two of the networks are written beside them (`hand_out`), and the classifiers that were searched for.
    """
    rows: dict[str, list[dict]] = {}
    for path in sorted((folder / "rows").glob("*.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            rows.setdefault(row.pop("notebook"), []).append(row)
    for notebook, some in rows.items():
        add_evidence(record, notebook, "paper", some)
    for notebook, arrays in pictures(folder).items():
        add_evidence(record, notebook, "paper", [], arrays)
    hand_out(folder, record)
    for path in folder.glob("*-judges.safetensors"):
        files.write(record / path.name, path.read_bytes())
    for path in sorted(folder.glob("*.json")):
        files.write(record / path.name, path.read_text(encoding="utf-8"))


def main(command: str, folder: Path, names: Sequence[str] = ()) -> None:
    """Carries out `learn`, `measure` or `compare` for the jobs named, by default for all; or `assemble`."""
    if command == "assemble":
        record = files.record_folder() / "paper"
        assemble(folder, record)
        return files.write(record / "endpoints.csv", chapters.endpoints())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(1)
    sets: dict[str, Dataset] = {}
    for job in JOBS:
        if names and job.name not in names:
            continue
        if command == "compare":
            left = uncompared(job, folder)
        else:
            left = {seed: some for seed in DECIDING if (some := parts(job, seed))}
        if not left:
            continue
        if job.data not in sets:
            data = load(job.data)
            sets[job.data] = replace(data, train=data.train.to(device), test=data.test.to(device))
        {"learn": _learn, "measure": _measure, "compare": _compare}[command](job, sets[job.data], folder, left)


def _learn(job: Job, data: Dataset, folder: Path, left: dict[int, list[str]]) -> None:
    """Trains those networks of a job that something is to be measured of, and that are not there."""
    seeds = [seed for seed in left if not (folder / f"{job.name}-{seed}.safetensors").exists()]
    together = [seeds] if data.train.is_cuda and seeds else [[seed] for seed in seeds]
    for some in together:
        name = f"{job.name}-{some[0]}"
        with suppress(Timeout), FileLock(folder / f"{name}.lock", timeout=0):
            if not (folder / f"{name}.safetensors").exists():
                learn_all(job, data, folder, some, STEPS)


def _measure(job: Job, data: Dataset, folder: Path, left: dict[int, list[str]]) -> None:
    """Measures those networks of a job whose weights are there, and of them what is not measured yet."""
    device, rows = data.train.device, folder / "rows"
    of_seed = [state for state in states(job, folder) if state[1] in left]
    if not of_seed:
        return
    looks, real = _judges(job.data, device)
    if job.data in SEARCHED:
        _write_judges(folder / f"{job.data}-judges.safetensors", looks)
    for name, seed, condition, loss in of_seed:
        net = _network(job, folder / f"{name}.safetensors", seed).to(device)
        asked = {
            name.removeprefix(f"{job.name}-{seed}"): partial(
                measured, job, net, data, looks, real, seed, condition, loss
            )
        }
        if condition == "equal steps" and job.deep:
            asked["-followed"] = partial(followed, job, net, data, looks, seed)
            asked["-kicked"] = partial(kicked, job, net, data, looks, real, seed)
            asked["-late"] = partial(turned_on, job, net, data, looks, real, seed)
        for part, found in asked.items():
            target = f"{job.name}-{seed}{part}"
            with suppress(Timeout), FileLock(folder / f"{target}.lock", timeout=0):
                if part in left[seed] and not (rows / f"{target}.json").exists():
                    files.write(rows / f"{target}.json", json.dumps(found()))


def _compare(job: Job, data: Dataset, folder: Path, left: list[str]) -> None:
    """Measures what a job's networks are compared with, on the CPU."""
    data, seed = replace(data, train=data.train.cpu(), test=data.test.cpu()), DECIDING[0]
    for part in left:
        target = folder / "rows" / f"{job.name}-{part}.json"
        if target.exists():
            continue
        if part == "untrained":
            found = untrained(job, data)
        else:
            looks, real = _judges(job.data, torch.device("cpu"))
            if part == "guards":
                found = guards(job, data, looks, real, seed)
            else:
                found = reconstructed(job, first_network(job, folder), data, looks, real, seed)
        files.write(target, json.dumps(found))


def uncompared(job: Job, folder: Path) -> list[str]:
    """Returns what a job's networks are compared with and is not in the record yet, as far as it can be measured."""
    where = {}
    if job.variant == "mlp" and job.depth in (SHALLOW, DEEP):
        where["untrained"] = "04", {"architecture": "untrained", "depth": job.depth}
    if job.deep:
        where["guards"] = _quality(job)[0], {"architecture": "mixup"}
        if first_network(job, folder):
            where["reconstructed"] = "07", {"architecture": "f of training points"}
    return [part for part, (notebook, about) in where.items() if not _there(notebook, data=job.data, **about)]


def first_network(job: Job, folder: Path) -> nn.Module | None:
    """Returns the network of a job's first seed, from its weights or from the record; or nothing."""
    name = f"{job.name}-{DECIDING[0]}"
    whole, half = folder / f"{name}.safetensors", files.record_folder() / "paper" / f"{name}.float16.safetensors"
    if whole.exists():
        return _network(job, whole, DECIDING[0])
    return load_networks(half)[0][0] if half.exists() else None


def _network(job: Job, path: Path, seed: int) -> nn.Module:
    """The network whose weights a file has."""
    weights = load_file(path)
    net = mlp(weights["0.weight"].shape[1], job.depth, job.width, init=job.init, seed=seed)
    net.load_state_dict(weights)
    return net


def _there(notebook: str, **about) -> bool:
    """Whether the record has such rows."""
    try:
        return not recorded(notebook, "paper").rows(**about).empty
    except FileNotFoundError:
        return False


@cache
def _judges(name: str, device: torch.device) -> tuple[list[Features], list[Reference]]:
    """The classifiers that judge a data set, and the held-out points in their features."""
    data = load(name)
    looks = [look.to(device) for look in judges(data)]
    return looks, [held_out(replace(data, test=data.test.to(device)), look) for look in looks]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
