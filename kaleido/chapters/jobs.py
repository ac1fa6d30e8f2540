"""The networks that decide the claims about images: which they are, and how they learn."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from kaleido.chapters.common import DECIDING, DEEP, MATCHED
from kaleido.chapters.remedies.cells import RECIPE
from kaleido.data.sets import Dataset
from kaleido.learning import History, learn
from kaleido.networks.build import build, rebuild
from kaleido.saved import load_networks
from kaleido.tools import files
from kaleido.tools.exact import processor

__all__ = ["GIVEN", "JOBS", "Job", "first_network", "learn_all", "learned", "network", "states", "trained"]

LOOK, EVERY = 10_000, 0.02  # points that the loss is looked at on, and how often: in shares of the steps so far
LEVELS = (0.2, 0.15, 0.1, 0.075, 0.065)  # of the loss, whose steps are written down


@dataclass(frozen=True)
class Job:
    """Networks that differ in nothing but their seed.

    Arguments:
        data: The data set, all of whose training images they learn.
        depth: See `kaleido.networks.build.build`, like width, init and architecture.
        width: Of its layers.
        init: Their initial weights.
        variant: What the rows call these networks.
        architecture: Of the networks.
        steps: Of training.
        lr: Its rate.
        level: Of the loss: where controls at equal loss take the weights.
        batch: Images of a step.
        noise: On their inputs while they learn, see `kaleido.learning.learn`.
    """

    data: str
    depth: int
    width: int = 500
    init: str = "torch"
    variant: str = "mlp"
    architecture: str = "mlp"
    steps: int = 10_000
    lr: float = 1e-4
    level: float = MATCHED["mnist"]
    batch: int = 1000
    noise: float = 0.0

    @property
    def deep(self) -> bool:
        """Whether its networks are the published ones, and no variant of them."""
        return self.depth == DEEP and self.variant == "mlp"

    @property
    def last(self) -> str:
        """The condition of its networks after the last step."""
        return "equal steps" if self.architecture == "mlp" else "learned"

    @property
    def at_level(self) -> str:
        """The condition of its networks at the level."""
        return f"loss {self.level:g}"

    @property
    def name(self) -> str:
        kind = [] if self.architecture == "mlp" else [self.architecture]
        noisy = [f"noise{self.noise:g}"] if self.noise else []
        return "-".join([self.data, *kind, str(self.depth), str(self.width), *noisy, self.init])


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
    Job("mnist", 10, init="he", variant=RECIPE[0], noise=0.5),
    Job("mnist", 10, 32, "he", "cnn", "cnn", 5109, 3e-4, 0.064),
    Job("mnist", 10, 64, "torch", "transformer", "transformer", 5135, 1e-3, 0.064),
    Job("mnist", 2, 8, "torch", "unet", "unet", 5736, 1e-3, 0.064),
)
GIVEN = JOBS[:2]  # their first networks lie in the record, for readers


def learned(job: Job, data: Dataset, seeds, steps: int | None = None) -> tuple[list[nn.Module], list[History]]:
    """Returns a job's networks of some seeds, trained where `data` lies, for all of their steps or fewer."""
    nets = build(job.architecture, data, job.depth, job.width, seeds, init=job.init)
    how = {"batch": job.batch, "lr": job.lr, "every": EVERY, "look": LOOK, "noise": job.noise}
    how["device"] = data.train.device.type
    return nets, learn(nets, data.train, steps or job.steps, snapshots=[*LEVELS, job.level], **how)


def learn_all(job: Job, data: Dataset, folder: Path, seeds=DECIDING) -> None:
    """Trains a job's networks where `data` lies; writes their weights and what a reader should know of the run."""
    began = time.time()
    nets, histories = learned(job, data, seeds)
    for net, seed, history in zip(nets, seeds, histories, strict=True):
        kept = {f"{job.name}-{seed}": net.state_dict()}
        kept |= {
            f"{job.name}-{seed}-{mark.level:g}": mark.weights for mark in history.snapshots if mark.level == job.level
        }
        for name, weights in kept.items():
            files.write_tensors(folder / f"{name}.safetensors", dict(weights), {"config": net.config})
    about = {
        "job": job.name, "seeds": list(seeds), "steps": job.steps, "torch": torch.__version__,
        "card": torch.cuda.get_device_name() if data.train.is_cuda else processor(),
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


def states(job: Job, folder: Path) -> list[tuple[str, int, str, float]]:
    """Returns the states of a job's networks whose weights are there: file, seed, condition, training loss."""
    found = []
    for seed, about in sorted(trained(job, folder).items()):
        found.append((f"{job.name}-{seed}", seed, job.last, about["final"]))
        found += [
            (f"{job.name}-{seed}-{level:g}", seed, job.at_level, loss)
            for level, _, loss in about["levels"]
            if level == job.level
        ]
    return [state for state in found if (folder / f"{state[0]}.safetensors").exists()]


def network(path: Path) -> nn.Module:
    """Returns the network whose weights a file has."""
    weights, about = files.read_tensors(path)
    net = rebuild(about["config"])
    net.load_state_dict(weights)
    return net


def first_network(job: Job, folder: Path) -> nn.Module | None:
    """Returns the network of a job's first seed, from its weights or from the record; or nothing."""
    name = f"{job.name}-{DECIDING[0]}"
    whole, half = folder / f"{name}.safetensors", files.record_folder() / "paper" / f"{name}.float16.safetensors"
    if whole.exists():
        return network(whole)
    return load_networks(half)[0][0] if half.exists() else None
