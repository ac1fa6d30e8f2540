"""Notebook 01: what is asked of the toys, of maps on unseen inputs, and of bounded outputs."""

import torch

from kaleido.chapters.common import CLOSE, beside_controls, kept_until
from kaleido.data.inputs import noise, probes
from kaleido.data.sets import Dataset, load
from kaleido.measures.over_generalization import landing, nearest
from kaleido.sampling import sample

PICTURES = 12  # chains that are kept
KINDS = ("noise", "gaussian", "heldout", "mixup", "foreign")
LEAVING, FAR = 30, 10  # a chain that is this many times as far out as the bounds, after so many runs, has left them
GRID = {1: 401, 2: 61}  # points of a toy's output map along each axis


def toy(cell, net, data, seed, history, add):
    """The toy points of the paper: output map, orbits, and the share of chains that end at a training point."""
    orbit = sample(net, noise(data, cell.probes, seed=seed), cell.runs)
    add("C1", "loss", history.losses[-1], len(data.train), "train")
    for run in kept_until(cell.runs):
        near = (nearest(orbit.at(run), data.train)[0] <= CLOSE).double().mean()
        add("C1", "share at a point", near, cell.probes, "noise", run)
    if cell.runs > 1:
        name = f"{cell.data}/{cell.depth}/{cell.width}"
        learned = sample(net, _grid(data), 1, keep=[1]).at(1)
        return {f"{name}/map/{seed}": learned, f"{name}/orbits/{seed}": orbit.states[:, :PICTURES]}


def unseen(cell, net, data, seed, history, add):
    """Claim C1: contraction, covered fraction, spread and gain of the map on unseen inputs, and of its controls."""
    add("C1", "loss", history.losses[-1], len(data.train), "train")
    photographs = load(f"patches-{data.image_shape[0]}", seed=seed)
    inputs = {kind: probes(data, kind, cell.probes, seed, photographs if kind == "foreign" else None) for kind in KINDS}
    beside_controls(add, cell, net, data, inputs, seed)


def bounded(cell, net, data, seed, history, add):
    """Claim C6: contraction with bounded and unbounded outputs, at the first crossing of a level of the loss.

    A level that was not reached shows in the loss that is reported.
    """
    loss = history.losses[-1]
    if history.snapshots:
        net.load_state_dict(history.snapshots[0].weights)
        loss = history.snapshots[0].loss
    add("C6", "loss over level", loss / cell.snapshots[0], len(data.train), "train", architecture=cell.output)
    z = noise(data, cell.probes, seed=seed)
    maps = {cell.output: net}
    if cell.output == "linear":
        maps["linear, clipped"] = lambda x: net(x).clamp(*data.bounds)
        low, high = data.bounds
        away = (sample(net, z, LEAVING).at(LEAVING) - (low + high) / 2).abs().amax(1) > FAR * (high - low) / 2
        add("C6", "share that left", away.double().mean(), len(z), "noise", LEAVING, cell.output)
    for name, f in maps.items():
        found = landing(f, z, data)
        for quantity in ("rho", "spread"):
            add("C6", quantity, found[quantity], len(z), "noise", 1, name)


def _grid(data: Dataset) -> torch.Tensor:
    axis = torch.linspace(*data.bounds, GRID[data.dim])
    return torch.cartesian_prod(*[axis] * data.dim).reshape(-1, data.dim)
