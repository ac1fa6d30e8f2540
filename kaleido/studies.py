"""What is asked of learned networks: each study takes a cell's networks and returns rows and small arrays.

A row is one number of one seed: a dictionary of `claim`, `quantity`, `architecture` (the map that was measured),
`condition`, `run`, `seed`, `value` and `n`, the probes or chains behind it. Arrays are what figures need and a
table cannot hold.
"""

import torch
from torch import Tensor, nn

from kaleido.data import Dataset, load, noise, probes
from kaleido.learning import History
from kaleido.measures import contraction, controls, corner_loss, covered, gain, nearest, spread
from kaleido.quality import assess
from kaleido.sampling import sample

__all__ = ["STUDIES"]

KEPT = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200)
PICTURES = 12  # chains whose pictures are kept at every kept run
TURNING = (40, 20)  # chains and runs of the animation
CLOSE = 0.05  # "at a training point", in the toys
KINDS = ("noise", "gaussian", "heldout", "mixup", "foreign")
EXACT, DRAWS = 64, 8  # features up to which the gain is exact, and directions of its estimate beyond
LEAVING, FAR = 30, 10  # a chain that is this many times as far out as the bounds, after so many runs, has left them
GRID = {1: 401, 2: 61}  # points of a toy's output map along each axis


def toy(
    cell, nets: list[nn.Module], sets: list[Dataset], histories: list[History]
) -> tuple[list[dict], dict[str, Tensor]]:
    """The toy points of the paper: output map, orbits, and the share of chains that end at a training point."""
    rows, maps, orbits = [], [], []
    grid = _grid(sets[0])
    runs = [run for run in KEPT if run <= cell.runs]
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        orbit = sample(net, noise(data, cell.probes, seed=seed), cell.runs)
        rows.append(_row("C1", "loss", cell.architecture, "train", None, seed, history.losses[-1], len(data.train)))
        for run in runs:
            near = float((nearest(orbit.at(run), data.train)[0] <= CLOSE).double().mean())
            rows.append(_row("C1", "share at a point", cell.architecture, "noise", run, seed, near, cell.probes))
        maps.append(sample(net, grid, 1, keep=[1]).at(1))
        orbits.append(orbit.states[:, :PICTURES])
    if cell.runs == 1:
        return rows, {}
    prefix = f"{cell.data}/{cell.depth}/{cell.width}"
    return rows, {f"{prefix}/map": torch.stack(maps), f"{prefix}/orbits": torch.stack(orbits)}


def unseen(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C1: contraction, covered fraction, spread and gain of the map on unseen inputs, and of its controls."""
    rows, arrays = [], {}
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        rows.append(_row("C1", "loss", cell.architecture, "train", None, seed, history.losses[-1], len(data.train)))
        photographs = load(f"patches-{data.image_shape[0]}", seed=seed)
        inputs = {
            kind: probes(data, kind, cell.probes, seed, photographs if kind == "foreign" else None) for kind in KINDS
        }
        maps = {cell.architecture: net} | controls(data, net)
        for kind, z in inputs.items():
            for name, f in maps.items():
                for quantity, measure in (("rho", contraction), ("kappa", covered), ("spread", spread)):
                    rows.append(_row("C1", quantity, name, kind, 1, seed, measure(f, z, data), len(z)))
                g = gain(f, z, None if data.dim <= EXACT else DRAWS, seed)[0]
                rows.append(_row("C1", "gain", name, kind, 1, seed, float(g.median()), len(z)))
        if not arrays:
            z = torch.cat([inputs[kind][:3] for kind in ("noise", "gaussian", "foreign")])
            out = sample(net, z, 1).at(1)
            glance = torch.stack([z, out, data.train[nearest(out, data.train)[1]]])
            arrays[f"{cell.data}/glance"] = _bytes(glance, data)
    return rows, arrays


def bounded(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C6: contraction with bounded and unbounded outputs, at the first crossing of a level of the loss.

    A level that was not reached shows in the loss that is reported.
    """
    rows = []
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        loss = history.losses[-1]
        if history.snapshots:
            net.load_state_dict(history.snapshots[0].weights)
            loss = history.snapshots[0].loss
        rows.append(
            _row("C6", "loss over level", cell.output, "train", None, seed, loss / cell.snapshots[0], len(data.train))
        )
        z = noise(data, cell.probes, seed=seed)
        maps = {cell.output: net}
        if cell.output == "linear":
            maps["linear, clipped"] = lambda x, net=net, data=data: net(x).clamp(*data.bounds)
            low, high = data.bounds
            away = (sample(net, z, LEAVING).at(LEAVING) - (low + high) / 2).abs().amax(1) > FAR * (high - low) / 2
            rows.append(
                _row("C6", "share that left", cell.output, "noise", LEAVING, seed, float(away.double().mean()), len(z))
            )
        for name, f in maps.items():
            for quantity, measure in (("rho", contraction), ("spread", spread)):
                rows.append(_row("C6", quantity, name, "noise", 1, seed, measure(f, z, data), len(z)))
    return rows, {}


def kaleidoscope(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C3: the quality of the chains along the sampling runs, from uniform noise, in pixels."""
    rows, arrays = [], {}
    runs = [run for run in KEPT if run <= cell.runs]
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        rows.append(_row("C3", "loss", cell.architecture, "train", None, seed, history.losses[-1], len(data.train)))
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


def corners(cell, nets, sets, histories) -> tuple[list[dict], dict[str, Tensor]]:
    """Claim C7: how far the map is from the identity at the corners of the cube whose inside it learned from."""
    rows = []
    for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
        largest, mean = corner_loss(net, data.dim, data.bounds)
        for quantity, value in (
            ("largest corner loss", largest),
            ("mean corner loss", mean),
            ("loss", history.losses[-1]),
        ):
            condition = "train" if quantity == "loss" else "corners"
            n = len(data.train) if quantity == "loss" else 2**data.dim
            rows.append(_row("C7", quantity, cell.architecture, condition, None, seed, value, n))
    return rows, {}


STUDIES = {"toy": toy, "unseen": unseen, "bounded": bounded, "kaleidoscope": kaleidoscope, "corners": corners}


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
