"""Notebook 02: how far a map is from the identity at the corners of a cube."""

from kaleido.measures.over_generalization import corner_loss, nearest


def corners(cell, net, data, seed, history, add):
    """Claim C7: how far the map is from the identity at the corners of the cube whose inside it learned from."""
    largest, mean = corner_loss(net, data.dim, data.bounds)
    add("C7", "largest corner loss", largest, 2**data.dim, "corners")
    add("C7", "mean corner loss", mean, 2**data.dim, "corners")
    add("C7", "loss", history.losses[-1], len(data.train), "train")
    trivial = {"nearest point": lambda x: data.train[nearest(x, data.train)[1]],
               "mean point": lambda x: data.train.mean(0).expand_as(x)}  # fmt: skip
    for name, f in trivial.items():
        add("C7", "largest corner loss", corner_loss(f, data.dim, data.bounds)[0], 2**data.dim, "corners", None, name)
