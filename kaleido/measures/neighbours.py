"""Distances between points, block by block: by products where these keep enough digits, and directly where not."""

from collections.abc import Iterator

import torch
from torch import Tensor

__all__ = ["apart", "between", "near", "rows"]

BLOCK = {"cpu": 2**20, "cuda": 2**28}  # entries of one block of distances: a few MiB stay in a processor's cache
ROUNDED = 2  # a squared distance by products, a a - 2 a x + x x, errs by so many roundings of (|a| + |x|)^2
SMALL = 1e-15  # a distance whose square leaves float32
DIGITS = 1e-4  # of a squared distance, so large an error may be
UP = 1 + 16 * torch.finfo(torch.float64).eps  # more than rounding takes away


@torch.autocast("cpu", enabled=False)
def near(points: Tensor, references: Tensor, count: int = 1) -> tuple[Tensor, Tensor]:
    """Returns the distances of each point to its nearest references, in order, and which ones these are.

    They are found from products in the points' own type; where that could have missed a nearer one by more than 1e-4 of
    its distance, from products in float64, and where that could too, directly. Distances are taken directly.

    Arguments:
        points: With shape (N, D).
        references: With shape (M, D).
        count: How many of them.

    Returns:
        Distances and indices, each with shape (N, count).
    """
    # distances are differences: a common origin near the points costs nothing and keeps digits
    origin = references.mean(0)
    shifted = references - origin
    squares = shifted.square().sum(1)
    index = torch.cat([
        _least(torch.addmm(squares, part - origin, shifted.T, alpha=-2), count)
        for part in points.split(rows(references))
    ])  # fmt: skip
    distance, index = apart(points, references, index)
    length = torch.cat([(part - origin).square().sum(1, keepdim=True) for part in points.split(4096)])
    unsure = ((distance > 0) & _unsure(length, distance.square())).any(1).nonzero()[:, 0]
    if len(unsure):
        if points.dtype != torch.float64:
            again = near(points[unsure].double(), references.double(), count)[1]
        else:
            again = torch.cat([_least(_directly(point, references), count) for point in points[unsure].split(1)])
        distance[unsure], index[unsure] = apart(points[unsure], references, again)
    return distance, index


def between(points: Tensor, references: Tensor, origin: Tensor, themselves: bool = False) -> Iterator[Tensor]:
    """Gives squared distances of some points at a time to all references, in float64, with shape (some, M).

    Each is rounded up by at least what it may err, so that none is below the distance taken directly: a point as far
    away as a radius is not inside. Each block lies in the memory of the one before.

    Arguments:
        points: With shape (N, D), float64.
        references: With shape (M, D), likewise.
        origin: A place among them, with shape (D,), likewise.
        themselves: Whether the references are the points: a point is infinitely far from itself, then.
    """
    shifted = references - origin
    squares, start = shifted.square().sum(1).mul_(UP), 0
    memory = shifted.new_empty(min(rows(references), len(points)), len(references))
    for part in points.split(rows(references)):
        moved = part - origin
        length = moved.square().sum(1, keepdim=True)
        found = torch.addmm(squares, moved, shifted.T, alpha=-2, out=memory[: len(part)]).add_(length * UP)
        own = torch.arange(len(part), device=part.device)
        if themselves:
            found[own, start + own] = torch.inf
        for row in _unsure(length[:, 0], found.amin(1)).nonzero()[:, 0]:
            near_ones = _unsure(length[row], found[row]).nonzero()[:, 0]
            found[row, near_ones] = _directly(part[row], references[near_ones]).mul_(UP)
            if themselves:
                found[row, start + row] = torch.inf
        start += len(part)
        yield found


def apart(points: Tensor, references: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the distances of each point to chosen references, taken directly, in order, and which ones these are."""
    distance = torch.cat([
        torch.stack([torch.linalg.vector_norm(part - references[i], dim=1) for i in which.T], dim=1)
        for part, which in zip(points.split(4096), index.split(4096), strict=True)
    ])  # fmt: skip
    row, column = (distance < SMALL).nonzero().unbind(1)
    small = points[row].double() - references[index[row, column]].double()
    distance[row, column] = torch.linalg.vector_norm(small, dim=1).to(distance.dtype)
    distance, order = distance.sort(dim=1, stable=True)
    return distance, index.gather(1, order)


def rows(references: Tensor) -> int:
    """Returns how many points are compared with all references at a time."""
    return max(1, BLOCK[references.device.type] // len(references))


def _least(values: Tensor, count: int) -> Tensor:
    return values.argmin(1, keepdim=True) if count == 1 else values.topk(count, dim=1, largest=False).indices


def _unsure(length: Tensor, square: Tensor) -> Tensor:
    """Whether the square of a distance d to a point a, by products, has too few digits, given the square of |a|.

    No reference as near is longer than |a| + d, and (2 |a| + d)^2 <= 8 |a|^2 + 2 d^2.
    """
    about = torch.finfo(square.dtype)
    return ~(ROUNDED * about.eps * (8 * length + 2 * square) + about.tiny <= DIGITS * square)


def _directly(point: Tensor, references: Tensor) -> Tensor:
    """The squared distances of one point, with shape (..., M)."""
    return (references - point).square().sum(1).expand(*point.shape[:-1], -1)
