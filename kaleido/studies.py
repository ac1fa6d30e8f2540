"""What is asked of learned networks: each study takes a cell's networks and returns rows and small arrays.

A row is one number of one seed: a dictionary of `claim`, `quantity`, `architecture` (the map that was measured),
`condition`, `run`, `seed`, `value` and `n`, the probes or chains behind it. Arrays are what figures need and a
table cannot hold.
"""

import torch
from torch import Tensor, nn

from kaleido.data import Dataset, noise, probes
from kaleido.measures import contraction, controls, covered, nearest, spread
from kaleido.quality import assess
from kaleido.sampling import sample

__all__ = ["STUDIES"]

KEPT = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200)
PICTURES = 12  # chains whose pictures are kept at every kept run
TURNING = (40, 20)  # chains and runs of the animation
CLOSE = 0.05  # "at a training point", in the toys
GRID = {1: 401, 2: 61}  # points of a toy's output map along each axis


def toy(cell, nets: list[nn.Module], sets: list[Dataset], losses: list[float]) -> tuple[list[dict], dict[str, Tensor]]:
    """The toy points of the paper: output map, orbits, and the share of chains that end at a training point."""
    rows, maps, orbits = [], [], []
    grid = _grid(sets[0])
    runs = [run for run in KEPT if run <= cell.runs]
    for net, data, seed, loss in zip(nets, sets, cell.seeds, losses, strict=True):
        orbit = sample(net, noise(data, cell.probes, seed=seed), cell.runs)
        rows.append(_row("C1", "loss", cell.architecture, "train", None, seed, loss, len(data.train)))
        for run in runs:
            near = float((nearest(orbit.at(run), data.train)[0] <= CLOSE).double().mean())
            rows.append(_row("C1", "share at a point", cell.architecture, "noise", run, seed, near, cell.probes))
        maps.append(sample(net, grid, 1, keep=[1]).at(1))
        orbits.append(orbit.states[:, :PICTURES])
    prefix = f"{cell.data}/{cell.depth}"
    return rows, {f"{prefix}/map": torch.stack(maps), f"{prefix}/orbits": torch.stack(orbits)}


def unseen(cell, nets, sets, losses) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C1: contraction, covered fraction and spread of the learned map on unseen inputs, and of its controls."""
    rows = []
    for net, data, seed, loss in zip(nets, sets, cell.seeds, losses, strict=True):
        rows.append(_row("C1", "loss", cell.architecture, "train", None, seed, loss, len(data.train)))
        for kind in ("noise", "gaussian", "heldout", "mixup"):
            z = probes(data, kind, cell.probes, seed)
            maps = {cell.architecture: net} | (controls(data, net) if kind == "noise" else {})
            for name, f in maps.items():
                for quantity, measure in (("rho", contraction), ("kappa", covered), ("spread", spread)):
                    rows.append(_row("C1", quantity, name, kind, 1, seed, measure(f, z, data), len(z)))
    return rows, {}


def kaleidoscope(cell, nets, sets, losses) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C3: the quality of the chains along the sampling runs, from uniform noise, in pixels."""
    rows, arrays = [], {}
    runs = [run for run in KEPT if run <= cell.runs]
    for net, data, seed, loss in zip(nets, sets, cell.seeds, losses, strict=True):
        rows.append(_row("C3", "loss", cell.architecture, "train", None, seed, loss, len(data.train)))
        start = noise(data, cell.probes, seed=seed)
        orbit = sample(net, start, cell.runs, keep=runs)
        for run, step in zip(runs, orbit.steps, strict=True):
            for quantity, value in assess(orbit.at(run), data).items():
                rows.append(_row("C3", quantity, cell.architecture, "noise", run, seed, value, len(data.test)))
            if run:
                rows.append(_row("C3", "step", cell.architecture, "noise", run, seed, float(step.median()), len(step)))
        for quantity, value in assess(data.train, data).items():
            rows.append(_row("C3", quantity, "training points", "ceiling", None, seed, value, len(data.test)))
        if not arrays:
            chains, turns = TURNING
            prefix = f"{cell.data}/{cell.depth}"
            arrays[f"{prefix}/pictures"] = _bytes(orbit.states[:, :PICTURES], data)
            arrays[f"{prefix}/turning"] = _bytes(sample(net, start[:chains], turns).states, data)
    return rows, arrays


STUDIES = {"toy": toy, "unseen": unseen, "kaleidoscope": kaleidoscope}


def _row(claim, quantity, architecture, condition, run, seed, value, n) -> dict:
    return {
        "claim": claim, "quantity": quantity, "architecture": architecture, "condition": condition,
        "run": run, "seed": seed, "value": value, "n": n,
    }  # fmt: skip


def _grid(data: Dataset) -> Tensor:
    low, high = data.bounds
    axis = torch.linspace(low, high, GRID[data.dim])
    return torch.cartesian_prod(*[axis] * data.dim).reshape(-1, data.dim)


def _bytes(pixels: Tensor, data: Dataset) -> Tensor:
    """Pixels as bytes: a quarter of the room, and as many greys as a screen shows."""
    low, high = data.bounds
    return ((pixels - low) * (255 / (high - low))).round().to(torch.uint8)
