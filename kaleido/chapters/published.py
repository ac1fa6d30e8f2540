"""The published settings: networks that decide the claims about images, each learned and measured by itself.

    python -m kaleido.chapters.published learn FOLDER [JOBS...]
    python -m kaleido.chapters.published measure FOLDER [JOBS...]
    python -m kaleido.chapters.published compare FOLDER [JOBS...]
    python -m kaleido.chapters.published assemble FOLDER

`learn` writes each network's weights, at the end and at the level of the loss that the controls take, and the losses
along the training: on a GPU those of all seeds together, else one after the other. `measure` writes rows for each
network, `compare` for what they are compared with, and `assemble` adds them to the record. What the folder or the
record has is not computed again, and what another process is at is left to it: on a CPU, start a process for each core.
book/claims.md says what is decided, `jobs.py` which networks there are, and `rows.py` what is measured of them.
"""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from torch import Tensor, nn

from kaleido import chapters
from kaleido.chapters.common import DECIDING, DEEP, SAMPLED, SHALLOW, held_out
from kaleido.chapters.jobs import GIVEN, JOBS, Job, first_network, learn_all, network, states, trained
from kaleido.chapters.remedies.cells import RECIPE
from kaleido.chapters.rows import CHAINS, PROBES, State, judges, others, quality_of, untrained, write_judges
from kaleido.data.inputs import noise
from kaleido.data.sets import Dataset, load
from kaleido.lab.evidence import add_evidence, recorded
from kaleido.learning import History
from kaleido.measures.features import Features
from kaleido.measures.over_generalization import nearest
from kaleido.measures.quality import Reference
from kaleido.sampling import sample
from kaleido.saved import save_networks
from kaleido.tools import files

__all__ = ["assemble", "glance", "hand_out", "main", "parts", "pictures", "uncompared"]

SEARCHED = ("fashion",)  # data sets whose first classifiers take noise for data: the record has those that judge
OF_FIRST = ("reconstructed", "other-inputs", "other-starts")  # what is asked of the first network alone
SHOWN, TURNS, IN_A_ROW = 48, 25, 16  # chains and runs of the published pictures, and samples of each depth


def parts(job: Job, seed: int) -> list[str]:
    """Returns what is measured of a network and is not in the record yet, by what its files' names end with."""
    notebook, level = "04" if job.architecture == "mlp" else "05", f"-{job.level:g}"
    every = {"": (notebook, {"condition": job.last}), level: (notebook, {"condition": job.at_level})}
    if job.deep:
        every["-kicked"] = quality_of(job)[0], {"condition": "published kick", "quantity": "coverage"}
        every["-followed"] = "07", {"claim": "B3"}
        every["-late"] = "07", {"claim": "B1", "quantity": "coverage"}
    if job.variant == RECIPE[0]:
        every["-remedied"] = "09", {"condition": RECIPE[1]}
    known = trained(job, files.record_folder() / "paper").get(seed)
    if known and job.level not in [each for each, _, _ in known["levels"]]:  # its loss did not come so low
        every.pop(level)
    about = {"data": job.data, "depth": job.depth, "width": job.width, "architecture": job.variant, "seeds": str(seed)}
    return [part for part, (of, where) in every.items() if not _there(of, **about, **where)]


def pictures(folder: Path) -> dict[str, dict[str, Tensor]]:
    """Returns pictures of the chains of the first seed's networks, by notebook: of those whose weights are there.

    For 03 and 06: 48 chains of ten layers, without a kick and with the published one, at runs 0 to 25. For 04: samples
    of MNIST by depth at run 20, from the same noise, after equal steps and at the level of the loss. For 05: 48 chains
    of each architecture.
    """
    found: dict[str, dict[str, Tensor]] = {}
    every = [(job, *state) for job in JOBS if job.variant in ("mlp", job.architecture) for state in states(job, folder)]
    for job, name, seed, condition, _ in every:
        if seed != DECIDING[0]:
            continue
        data, net = load(job.data), network(folder / f"{name}.safetensors")
        start = noise(data, CHAINS, seed=seed)[:SHOWN]
        if job.architecture != "mlp":
            orbit = sample(net, start, TURNS)
            found.setdefault("05", {})[f"{job.data}/{job.variant}/{condition}"] = data.as_bytes(orbit.states)
        elif job.data == "mnist":
            samples = sample(net, start, SAMPLED, [SAMPLED]).at(SAMPLED)
            found.setdefault("04", {})[f"{job.data}/{job.depth}/{condition}"] = data.as_bytes(samples[:IN_A_ROW])
        if job.deep and condition == job.last:
            for kick in ("none", "published"):
                orbit = sample(net, start, TURNS, kick=kick, bounds=data.bounds, seed=seed)
                kept = data.as_bytes(orbit.states)
                found.setdefault(quality_of(job)[0], {})[f"{job.data}/{job.depth}/kick {kick}"] = kept
    return found


def glance(job: Job, folder: Path) -> dict[str, Tensor]:
    """Returns unseen inputs by kind, what a job's first network makes of them, and the training images nearest to that.

    There are three of each kind, with shape (3, 3, D): inputs, outputs and training images in rows.
    """
    net, seed = first_network(job, folder), DECIDING[0]
    if net is None:
        return {}
    data = load(job.data)
    kinds = {"noise": noise(data, CHAINS, seed=seed), **others(data, PROBES, seed)}
    rows = []
    for z in (inputs[:3] for inputs in kinds.values()):
        out = sample(net, z, 1).at(1)
        rows.append(torch.stack([z, out, data.train[nearest(out, data.train)[1]]]))
    return {f"{job.data}/{kind}": data.as_bytes(some) for kind, some in zip(kinds, rows, strict=True)}


def hand_out(folder: Path, record: Path) -> None:
    """Writes the first seed's networks of ten layers and of one for readers: as float16, with their losses."""
    seed = DECIDING[0]
    for job in GIVEN:
        path = folder / f"{job.name}-{seed}.safetensors"
        if not path.exists():
            continue
        net, about = network(path), trained(job, folder)[seed]
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
    for notebook, arrays in (pictures(folder) | {"01": glance(JOBS[0], folder)}).items():
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
    stacked = data.train.is_cuda and seeds and job.architecture == "mlp"
    together = [seeds] if stacked else [[seed] for seed in seeds]
    for some in together:
        name = f"{job.name}-{some[0]}"
        with suppress(Timeout), FileLock(folder / f"{name}.lock", timeout=0):
            if not (folder / f"{name}.safetensors").exists():
                learn_all(job, data, folder, some)


def _measure(job: Job, data: Dataset, folder: Path, left: dict[int, list[str]]) -> None:
    """Measures those networks of a job whose weights are there, and of them what is not measured yet."""
    device, rows = data.train.device, folder / "rows"
    of_seed = [state for state in states(job, folder) if state[1] in left]
    if not of_seed:
        return
    looks, real = _judges(job.data, device)
    if job.data in SEARCHED:
        write_judges(folder / f"{job.data}-judges.safetensors", looks)
    for name, seed, condition, loss in of_seed:
        net = network(folder / f"{name}.safetensors").to(device)
        of = partial(State, job, net, data, looks, real, seed)
        asked = {name.removeprefix(f"{job.name}-{seed}"): partial(of(condition).measured, loss)}
        if condition == job.last and job.deep:
            asked |= {"-followed": of(condition).followed}
            asked |= {"-kicked": of("noise").kicked, "-late": of("noise").turned_on}
        if condition == job.last and job.variant == RECIPE[0]:
            asked["-remedied"] = of(RECIPE[1]).remedied
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
            net = first_network(job, folder) if part in OF_FIRST else nn.Identity()
            of = State(job, net, data, *_judges(job.data, torch.device("cpu")), seed, "baseline")
            found = getattr(of, part.replace("-", "_"))()
        files.write(target, json.dumps(found))


def uncompared(job: Job, folder: Path) -> list[str]:
    """Returns what a job's networks are compared with and is not in the record yet, as far as it can be measured."""
    where = {}
    if job.variant == "mlp" and job.depth in (SHALLOW, DEEP):
        for part, claim in {"untrained": "C2", "sampled-before": "C4"}.items():
            where[part] = "04", {"claim": claim, "architecture": "untrained", "depth": job.depth}
    if job.architecture != "mlp":
        where["untrained"] = "05", {"architecture": job.variant, "condition": "untrained"}
    if job.deep:
        where["guards"] = quality_of(job)[0], {"architecture": "mixup"}
        if first_network(job, folder):
            where["reconstructed"] = "07", {"architecture": "f of training points"}
            where["other-inputs"] = "01", {"condition": "heldout"}
            where["other-starts"] = quality_of(job)[0], {"condition": "gaussian"}
    return [part for part, (notebook, about) in where.items() if not _there(notebook, data=job.data, **about)]


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
