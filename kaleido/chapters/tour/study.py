"""Notebook 00: chains to look at, and networks to be taken along to a page."""

import torch

from kaleido.chapters.common import kept_until
from kaleido.data.inputs import noise
from kaleido.measures.over_generalization import nearest
from kaleido.sampling import sample

PICTURES = 12  # chains whose pictures are kept
TURNING = (40, 20)  # chains and runs of the animation


def turning(cell, net, data, seed, history, add):
    """Chains to look at: pictures at the kept runs, and the first runs of more of them for an animation."""
    chains, turns = TURNING
    start, name = noise(data, chains, seed=seed), f"{cell.data}/{cell.depth}"
    add("C3", "loss", history.losses[-1], len(data.train), "train")
    pictures = sample(net, start[:PICTURES], cell.runs, keep=kept_until(cell.runs)).states
    turned = sample(net, start, turns).states
    return {f"{name}/pictures": data.as_bytes(pictures), f"{name}/turning": data.as_bytes(turned)}


def portable(cell, net, data, seed, history, add):
    """Networks to be taken along to a page: their weights in the order of their layers, at the end and at a level."""
    taken = {"train": (history.losses[-1], net.state_dict())}
    taken |= {f"at {mark.level:g}": (mark.loss, mark.weights) for mark in history.snapshots}
    arrays = {}
    for condition, (loss, weights) in taken.items():
        add("C3", "loss", loss, len(data.train), condition)
        arrays[f"page/{cell.depth}/{condition}"] = torch.cat([part.flatten() for part in weights.values()])
    if cell.depth == 1:  # what all of them are shown beside
        for name, points in (("held-out points", data.test), ("noise", noise(data, cell.probes, seed=seed))):
            distance = nearest(points, data.train)[0].median()
            add("C3", f"distance of {name}", distance, len(points), "page", architecture="data")
        arrays["page/train"] = ((data.train + 1) * 8).round().to(torch.uint8)  # seventeen greys
        arrays["page/labels"] = data.train_labels.to(torch.uint8)
    return arrays
