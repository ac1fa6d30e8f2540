"""The published settings: networks of all seeds learn together on a GPU, and are measured there; rows come home.

    python -m kaleido.published FOLDER [JOBS...]

writes, after each job (all networks that differ in nothing but their seed), its rows and small arrays to the folder,
and skips jobs whose rows are there already. The jobs and their order are `JOBS`; book/claims.md says what they decide.
"""

import json
import os
import sys
import time
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import torch
from torch import Tensor, nn

from kaleido import files
from kaleido.data import Dataset, load
from kaleido.dynamics import APART, REST, chao1, distinct, ends
from kaleido.exact import processor
from kaleido.features import Features, features
from kaleido.inputs import noise, probes
from kaleido.learning import learn
from kaleido.measures import gain, landing, nearest
from kaleido.networks import mlp, rebuild
from kaleido.quality import Reference, novelty, prdc, predicted, reference
from kaleido.sampling import sample
from kaleido.studies import as_bytes

__all__ = ["JOBS", "Job", "compute", "judges"]

SEEDS = tuple(range(200, 210))
STEPS, BATCH, RATE, LOOK, EVERY = 10_000, 1000, 1e-4, 10_000, 0.02
LEVELS = (0.2, 0.15, 0.1, 0.075, 0.065)  # of the loss; the controls at equal loss take 0.075
MATCHED = 0.075
JUDGES, NOISE = 5, 0.1  # classifiers; the largest precision that one may give to uniform noise
PROBES, CHAINS, GAINS, DRAWS = 1000, 10_000, 250, 8
RUNS = (1, 2, 3, 5, 10, 20, 50, 100, 200)
FEWER = (1, 5, 10, 20, 50)
MATCHED_RUNS = (5, 10, 20, 50)
KINDS = ("noise", "gaussian", "heldout", "mixup", "foreign")
STARTS = {  # beside uniform noise without a kick, which decides
    "gaussian": ("gaussian", "none"),
    "binary": ("binary", "none"),
    "centred kick": ("uniform", "centred"),
    "published kick": ("uniform", "published"),
}
STILL, CLOSE, LONG, KNOWN = 1e-4, 0.05, 500, 500
FIVES, SHOWN, PICTURES, TURNING = (0, 5, 10, 15, 20, 25), 48, 12, (40, 20)


@dataclass(frozen=True)
class Job:
    """Networks that differ in nothing but their seed, and how much is asked of them."""

    data: str
    depth: int
    width: int = 500
    init: str = "torch"
    variant: str = "mlp"
    whole: bool = False  # whether chains are followed for long, from other starts and with kicks, too

    @property
    def name(self) -> str:
        return f"{self.data}-{self.depth}-{self.width}-{self.init}"


JOBS = (
    Job("mnist", 10, whole=True),
    Job("mnist", 1),
    Job("mnist", 4),
    Job("mnist", 2),
    Job("mnist", 6),
    Job("fashion", 10),
    Job("mnist", 1, width=1937, variant="equal parameters"),
    Job("mnist", 10, init="he", variant="He"),
    Job("mnist", 1, init="he", variant="He"),
)


def compute(job: Job, data: Dataset, looks: list[Features], foreign: Tensor | None, seeds=SEEDS, steps=STEPS):
    """Trains a job's networks and measures them, each where `data` lies.

    Returns:
        The networks, rows (as those of `kaleido.studies`, with `notebook`), arrays by name, and what a reader should
        know of the run: losses along the training, levels, seconds, card.
    """
    device = data.train.device
    nets = [mlp(data.dim, job.depth, job.width, init=job.init, seed=seed) for seed in seeds]
    began = time.time()
    how = {"batch": BATCH, "lr": RATE, "snapshots": LEVELS, "every": EVERY, "look": LOOK, "device": device.type}
    histories = learn(nets, data.train, steps, **how)
    learned = time.time() - began
    real = {n: [reference(features_of(look, data.test[:n])) for look in looks] for n in (1000, len(data.test))}
    rows, arrays = [], {}
    for net, seed, history in zip(nets, seeds, histories, strict=True):
        first = seed == seeds[0]
        states = {"equal steps": (history.final, net.state_dict())}
        states |= {f"loss {mark.level:g}": (mark.loss, mark.weights) for mark in history.snapshots}
        for condition, (loss, weights) in states.items():
            state = rebuild(net.config)
            state.load_state_dict(weights)
            found = _State(
                job, state.to(device), data, looks, real, seed, condition, foreign, rows, arrays if first else {}
            )
            found.add("04", "C2", "loss", None, loss, len(data.train) if condition == "equal steps" else LOOK)
            found.measure()
    about = {
        "job": job.name, "seeds": list(seeds), "steps": steps, "torch": torch.__version__,
        "card": torch.cuda.get_device_name() if device.type == "cuda" else processor(),
        "seconds": {"learning": round(learned, 1), "all": round(time.time() - began, 1)},
        "traces": [[history.steps, [float(f"{loss:.7g}") for loss in history.losses]] for history in histories],
        "levels": [[[mark.level, mark.step, mark.loss] for mark in history.snapshots] for history in histories],
    }  # fmt: skip
    return nets, rows, arrays, about


@torch.no_grad()
def features_of(look: Features, x: Tensor) -> Tensor:
    return look(x)


@dataclass
class _State:
    """One network in one state, and everything that is asked of it."""

    job: Job
    net: nn.Module
    data: Dataset
    looks: list[Features]
    real: dict[int, list[Reference]]
    seed: int
    condition: str
    foreign: Tensor | None
    rows: list[dict]
    arrays: dict[str, Tensor]

    def add(self, notebook, claim, quantity, run, value, n, architecture=None, condition=None):
        self.rows.append({
            "notebook": notebook, "claim": claim, "quantity": quantity, "data": self.job.data,
            "architecture": architecture or self.job.variant, "depth": self.job.depth, "width": self.job.width,
            "condition": condition or self.condition, "run": run, "seed": self.seed, "value": float(value), "n": n,
        })  # fmt: skip

    def measure(self) -> None:
        last, matched = self.condition == "equal steps", self.condition == f"loss {MATCHED:g}"
        z = noise(self.data, CHAINS, seed=self.seed).to(self.data.train.device)
        self._over_generalization(z[:PROBES])
        long = self.job.whole or self.job.data == "fashion"
        runs = MATCHED_RUNS if matched else RUNS if long else FEWER
        if not (last or matched):
            return
        orbit = sample(self.net, z, runs[-1], runs)
        for run in runs:
            for quantity, value, n in self._quality(orbit.at(run), last):
                self.add("04", "C4", quantity, run, value, n)
        if self.job.data == "mnist" and (last or matched):
            self.arrays[f"{self.job.name}/{self.condition}"] = self._bytes(orbit.at(20)[:8])
        if last and long:
            seen = sample(self.net, z[: TURNING[0]], RUNS[-1], sorted({*range(TURNING[1] + 1), *RUNS}))
            self.arrays[f"{self.job.name}/turning"] = self._bytes(seen.states)
        if last and self.job.whole:
            self._unseen()
            with torch.no_grad():
                ceiling = self.net(self.data.train[:CHAINS])
            for quantity, value, n in self._quality(ceiling):
                self.add("03", "C3", quantity, None, value, n, "f of training points", "baseline")
            self._chains("noise", "uniform", "none", 0)
            for name, (kind, kick) in STARTS.items():
                self._chains(name, kind, kick, CHAINS if kick != "none" else 0)
            self._ends(z[:PROBES])

    def _over_generalization(self, z: Tensor) -> None:
        for quantity, value in landing(self.net, z, self.data).items():
            self.add("04", "C2", quantity, 1, value, len(z))
        g = gain(self.net, z[:GAINS], DRAWS, self.seed)[0]
        self.add("04", "C2", "gain", 1, g.median(), len(g))

    def _unseen(self) -> None:
        """C1: every kind of unseen input, of the network and of itself before training."""
        maps = {"mlp": self.net}
        maps |= {
            name: rebuild(self.net.config | {"init": init}).to(self.data.train.device)
            for name, init in (("untrained", "torch"), ("untrained he", "he"))
        }
        near = self.data.train.cpu()
        for kind in KINDS:
            if kind == "foreign":
                z = self.foreign[:PROBES]
            else:
                z = probes(replace(self.data, train=near, test=self.data.test.cpu()), kind, PROBES, self.seed)
            z = z.to(self.data.train.device)
            before = nearest(z, self.data.train)[0]
            for name, f in maps.items():
                for quantity, value in landing(f, z, self.data, before).items():
                    self.add("01", "C1", quantity, 1, value, len(z), name, kind)
            if kind == "noise":
                self.arrays[f"{self.job.name}/glance {kind}"] = self._bytes(
                    torch.stack([z[:6], self.net(z[:6]).detach()])
                )

    def _quality(self, samples: Tensor, whole: bool = True) -> list[tuple[str, float, int]]:
        """Scores of samples against the test images: means over the classifiers, with all samples and with 1,000."""
        rows = []
        for n, said in ((len(samples), ""), (1000, ", 1,000")):
            scores = []
            for look, real in zip(self.looks, self.real[n], strict=True):
                fake = features_of(look, samples[:n])
                scores.append(prdc(real, fake) | predicted(look.classes(fake)))
            for quantity in scores[0]:
                values = [score[quantity] for score in scores]
                rows.append((quantity + said, sum(values) / len(values), n))
                if quantity in ("precision", "coverage", "pc") and not said:
                    rows.append((f"{quantity}, range of classifiers", max(values) - min(values), n))
            if n == len(samples) == 1000:
                break
        if whole:
            rows += [(quantity, value, 1000) for quantity, value in novelty(samples[:1000], self.data).items()]
            rows.append(("brightness", float(samples.mean()), len(samples)))
        return rows

    def _chains(self, name: str, kind: str, kick: str, many: int) -> None:
        """C3 and C8 of 1,000 chains from one start with one kick; with `many`, quality of so many at run 20."""
        device, last = self.data.train.device, RUNS[-1]
        start = noise(self.data, PROBES, kind, self.seed).to(device)
        keep = sorted({0, *RUNS, *FIVES, *range(50, 101)})
        orbit = sample(self.net, start, last, keep, kick, bounds=self.data.bounds, seed=self.seed)
        low, high = self.data.bounds
        for run in RUNS:
            if name != "noise":  # from uniform noise, more chains have been judged
                for quantity, value, n in self._quality(orbit.at(run)):
                    self.add("03", "C3", quantity, run, value, n, "mlp", name)
            steps = orbit.steps[orbit.runs.index(run)] / self.data.dim**0.5
            self.add("03", "C8", "step", run, steps.median(), PROBES, "mlp", name)
            rests = (steps <= 0.001 * (high - low)).double().mean()
            self.add("03", "C8", "share at rest", run, rests, PROBES, "mlp", name)
        votes = torch.stack([self._classes(orbit.at(run)) for run in range(50, 101)])
        self.add(
            "03",
            "C8",
            "share that keeps its class",
            None,
            (votes == votes[0]).all(0).double().mean(),
            PROBES,
            "mlp",
            name,
        )
        same = (votes[0] == votes[-1]).double().mean()
        self.add("03", "C8", "same class at runs 50 and 100", None, same, PROBES, "mlp", name)
        self.add("03", "C8", "switches", None, (votes[1:] != votes[:-1]).sum(0).double().mean(), PROBES, "mlp", name)
        shares = votes[-1].bincount(minlength=10).double() / PROBES
        self.add("03", "C8", "final class entropy", None, -torch.xlogy(shares, shares).sum(), PROBES, "mlp", name)
        confidence = [predicted(look.classes(features_of(look, orbit.at(100))))["confidence"] for look in self.looks]
        self.add("03", "C8", "final confidence", None, sum(confidence) / len(confidence), PROBES, "mlp", name)
        self.arrays[f"{self.job.name}/{name}"] = self._bytes(
            torch.stack([orbit.at(run)[:PICTURES] for run in (0, *RUNS)])
        )
        self.arrays[f"{self.job.name}/{name} by fives"] = self._bytes(
            torch.stack([orbit.at(run)[:SHOWN] for run in FIVES])
        )
        if many:
            start = noise(self.data, many, kind, self.seed).to(device)
            there = sample(self.net, start, 20, [20], kick, bounds=self.data.bounds, seed=self.seed).at(20)
            for quantity, value, n in self._quality(there):
                if n == many:
                    self.add("03", "C3", f"{quantity}, 10,000", 20, value, n, "mlp", name)

    @torch.no_grad()
    def _classes(self, x: Tensor) -> Tensor:
        """The class that most of the classifiers see; of several, the lowest."""
        votes = torch.stack([look.classes(look(x)).argmax(1) for look in self.looks])
        return nn.functional.one_hot(votes, 10).sum(0).argmax(1)

    def _ends(self, start: Tensor) -> None:
        """B1 to B3: copies and different pictures along the runs, and where chains are at run 500."""
        unit, dim = self.data.bounds[1] - self.data.bounds[0], self.data.dim
        far = dim**0.5 * unit
        orbit = sample(self.net, start, LONG, [20, 200, LONG], retire=REST * far)
        for run in (20, 200, LONG):
            left = len(distinct(orbit.at(run), APART * unit).unique())
            self.add("07", "B1", "different pictures", run, left, PROBES, condition="noise")
            for quantity, value in novelty(orbit.at(run), self.data).items():
                self.add("07", "B2", quantity, run, value, PROBES, condition="noise")
        states = orbit.at(LONG)
        found = ends(self.net, states, STILL * unit)
        settled = found.periods > 0
        for kind, chosen in (("fixed", found.periods == 1), ("cycle", found.periods > 1), ("neither", ~settled)):
            self.add("07", "B3", f"share {kind}", LONG, chosen.double().mean(), PROBES, condition="noise")
        known = self.data.train[:KNOWN]
        own = sample(self.net, known, LONG, [LONG], retire=REST * far).at(LONG)
        back = (torch.linalg.vector_norm(own - known, dim=1) <= CLOSE * far).double().mean()
        self.add("07", "B3", "recalled", LONG, back, KNOWN, condition="training points")
        if not settled.any():
            return
        points = found.points[settled]
        which = distinct(points, APART * unit)
        numbers, counts = which.unique(return_counts=True)
        order = counts.argsort(descending=True, stable=True)
        firsts = torch.tensor([int((which == end).nonzero()[0]) for end in numbers[order]])
        away, image = nearest(points[firsts], self.data.train)
        at_data = (away <= CLOSE * far).double().mean()
        for quantity, value, n in (
            ("ends", len(numbers), len(points)),
            ("ends at least", chao1(counts), len(points)),
            ("largest basin", counts.max() / PROBES, PROBES),
            ("ends at training points", at_data, len(firsts)),
        ):
            self.add("07", "B3", quantity, LONG, value, n, condition="noise")
        beasts = states[settled][firsts[:24]]
        self.arrays[f"{self.job.name}/ends"] = self._bytes(beasts)
        self.arrays[f"{self.job.name}/nearest"] = self._bytes(self.data.train[image[:24]])
        self.arrays[f"{self.job.name}/shares"] = (counts[order][:24] / PROBES).float()

    def _bytes(self, pixels: Tensor) -> Tensor:
        return as_bytes(pixels, self.data).cpu()


def judges(data: Dataset) -> list[Features]:
    """The classifiers that judge samples of a data set: those of the first seeds that do not take noise for data."""
    found, start = [], noise(data, CHAINS, seed=3)
    for seed in count():
        look = features(data, seed)
        if prdc(features_of(look, data.test), features_of(look, start))["precision"] <= NOISE:
            found.append(look)
        if len(found) == JUDGES:
            return found


def main(folder: Path, names: list[str]) -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sets, looks = {}, {}
    for job in JOBS:
        if (names and job.name not in names) or (folder / f"{job.name}.json").exists():
            continue
        if job.data not in sets:
            data = load(job.data)
            looks[job.data] = [look.to(device) for look in judges(data)]
            sets[job.data] = replace(data, train=data.train.to(device), test=data.test.to(device))
        foreign = load("patches-28").train if job.whole else None
        nets, rows, arrays, about = compute(job, sets[job.data], looks[job.data], foreign)
        files.write_tensors(folder / f"{job.name}.arrays.safetensors", arrays, {"job": job.name})
        for net in nets:
            name = f"{job.name}-{net.config['seed']}.safetensors"
            files.write_tensors(
                Path(os.environ.get("WEIGHTS", folder)) / name, dict(net.state_dict()), {"config": net.config}
            )
        about["commit"] = os.environ.get("COMMIT", "")
        files.write(folder / f"{job.name}.json", json.dumps({"about": about, "rows": rows}) + "\n")
        print(job.name, about["card"], about["seconds"], flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
