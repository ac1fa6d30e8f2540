"""What the pictures of the paper's toys show: the learned map on a grid, and chains."""

import torch

from kaleido.data.inputs import noise
from kaleido.sampling import sample

GRID = {1: 401, 2: 101}  # points along each axis


def toy(cell, net, data, seed, history, add):
    """Returns a toy's outputs on a grid, (points, D), and its chains, (runs + 2, chains, D).

    The last state is one run more than is shown: the loss at x is the squared length of the step from x to f(x).
    Noise is uniform in one dimension and clipped normal in two, as published.
    """
    add("C1", "loss", history.final, len(data.train), "train")
    axis = torch.linspace(*data.bounds, GRID[data.dim])
    grid = torch.cartesian_prod(*[axis] * data.dim).reshape(-1, data.dim)
    start = noise(data, cell.probes, "uniform" if data.dim == 1 else "gaussian", seed)
    return {
        f"{cell.data}/map": sample(net, grid, 1, keep=[1]).at(1),
        f"{cell.data}/chains": sample(net, start, cell.runs + 1).states,
    }
