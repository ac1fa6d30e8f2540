"""The spot check: a network of the published settings is trained again from its seed, and compared with the record."""

import random
import time
from dataclasses import dataclass

from kaleido.chapters.common import held_out
from kaleido.chapters.jobs import JOBS, Job, learned, trained
from kaleido.chapters.rows import State, judges
from kaleido.data.sets import load
from kaleido.data.sources import missing
from kaleido.lab.evidence import KEY, recorded
from kaleido.learning import History
from kaleido.tools import files
from kaleido.tools.exact import processor

__all__ = ["NEAR", "Found", "networks", "spot_check"]

NEAR = 1e-3  # how far a loss may lie from the recorded one, as a share of it, within as many steps as this:
EARLY = 50  # later, other rounding has made another network of it
SHARE = 0.95  # of the numbers of a whole network, so many must lie within the record's tolerance
TRIED = 3  # steps that say how many fit into the time


@dataclass(frozen=True)
class Found:
    """What a spot check found: the network's name, whether it agrees with the record, and what to say."""

    name: str
    agrees: bool
    told: str


def networks() -> dict[str, tuple[Job, int]]:
    """Returns the job and the seed of each network whose losses are recorded, by name."""
    record = files.record_folder() / "paper"
    return {f"{job.name}-{seed}": (job, seed) for job in JOBS for seed in trained(job, record)}


def spot_check(name: str | None = None, minutes: float = 2, whole: bool = False) -> Found:
    """Trains a network of the record again from its seed, for some minutes, and compares the losses along the way.

    On the processor that the record names they must be the same to all digits that are written down. Elsewhere rounding
    differs, and within the first 50 steps each may lie 0.1 % from the recorded one.

    Arguments:
        name: Which network, such as `mnist-10-500-torch-203`; by default a random one of data that are here.
        minutes: How long.
        whole: Whether to train all of it instead, for most of an hour on one core, and to measure it: of its numbers
            95 % must lie within the record's tolerance.

    Raises:
        ValueError: If there is no such network in the record.
    """
    known = networks()
    if not known or (name and name not in known):
        raise ValueError(f"unknown network '{name}', expected one of {', '.join(known) or 'none: nothing is recorded'}")
    here = [each for each, (of, _) in known.items() if not missing(of.data)]
    name = name or random.choice(here or list(known))
    job, seed = known[name]
    if missing(job.data):
        return Found(name, True, f"not checked: {job.data} is not here ({missing(job.data)}); `make data` gets it")
    data = load(job.data)
    began = time.monotonic()
    learned(job, data, [seed], TRIED)
    each = (time.monotonic() - began) / TRIED  # a look at the loss included, which comes more rarely later
    steps = job.steps if whole else min(job.steps, max(TRIED, int(60 * minutes / each)))
    (net,), (history,) = learned(job, data, [seed], steps)
    agrees, told = _losses(job, seed, history)
    if whole:
        looks = judges(data)
        real = [held_out(data, look) for look in looks]
        rows = State(job, net, data, looks, real, seed, job.last).measured(history.final)
        there, among = _numbers(rows, seed)
        agrees &= there >= SHARE * among
        told += f"; {there} of {among} numbers of the trained network lie within the record's tolerance"
    return Found(name, agrees, f"trained again for {steps} of {job.steps} steps: {told}")


def _losses(job: Job, seed: int, history: History) -> tuple[bool, str]:
    """Whether losses are the recorded ones, and how far from them they lie."""
    about = trained(job, files.record_folder() / "paper")[seed]
    steps, losses = about["trace"]
    same = about["card"] == processor()
    there = {step: loss for step, loss in zip(steps, losses, strict=True) if same or step <= EARLY}
    pairs = [(loss, there[step]) for step, loss in zip(history.steps, history.losses, strict=True) if step in there]
    apart = max(abs(here / recorded - 1) for here, recorded in pairs)
    bound = 1e-6 if same else NEAR  # seven digits are written down
    told = f"{len(pairs)} losses lie at most {apart:.1e} of themselves from those recorded on {about['card']}"
    return apart <= bound, told + f" ({bound:g} allowed)"


def _numbers(rows: list[dict], seed: int) -> tuple[int, int]:
    """How many rows lie within the recorded tolerance, and how many there are in the record."""
    within = []
    for row in rows:
        about = {key: row[key] for key in KEY if row[key] is not None}
        table = recorded(row["notebook"], "paper").rows(**about, seeds=str(seed))
        within += [abs(found.value - row["value"]) <= found.tolerance for found in table.itertuples()]
    return sum(within), len(rows)
