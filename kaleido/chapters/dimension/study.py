"""Notebook 02: how far a map is from the identity at the corners of a cube."""

from kaleido.measures.over_generalization import corner_loss


def corners(cell, net, data, seed, history, add):
    """Claim C7: how far the map is from the identity at the corners of the cube whose inside it learned from."""
    largest, mean = corner_loss(net, data.dim, data.bounds)
    add("C7", "largest corner loss", largest, 2**data.dim, "corners")
    add("C7", "mean corner loss", mean, 2**data.dim, "corners")
    add("C7", "loss", history.losses[-1], len(data.train), "train")
