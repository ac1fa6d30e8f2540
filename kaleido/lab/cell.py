"""Cells: networks that learn together, and the study that is made of them."""

from dataclasses import dataclass

from kaleido.tools.checks import python

__all__ = ["FIRST_SEED", "Cell", "Size", "cells_of"]

FIRST_SEED = 100  # seeds below were spent on pilots


@dataclass(frozen=True)
class Size:
    """How large a profile makes the networks of one data set."""

    width: int
    steps: int
    seeds: int  # how many, from 100 up
    depth: int = 10
    batch: int | None = 256
    lr: float = 1e-3
    probes: int = 1000  # probes, or chains
    runs: int = 200  # sampling runs
    judge: int = 1000  # steps that the classifier learns whose features samples are judged in

    @property
    def shape(self) -> dict:
        """What a cell takes from it: all but the seeds."""
        return {name: value for name, value in vars(self).items() if name != "seeds"}

    @property
    def numbers(self) -> range:
        """The seeds."""
        return range(FIRST_SEED, FIRST_SEED + self.seeds)


@dataclass(frozen=True)
class Cell:
    """Networks that learn together, and the study that is made of them.

    A study is a function of one network, named by its module and its own name: `package.module:function`. See
    `kaleido.lab.sweep.compute` for what it is given and returns.
    """

    study: str
    data: str
    depth: int
    width: int
    steps: int
    seeds: tuple[int, ...]
    architecture: str = "mlp"
    output: str | None = None
    init: str = "torch"
    batch: int | None = 256
    lr: float = 1e-3
    snapshots: tuple[float, ...] = ()
    every: int | None = 250
    stop: bool = False
    noise: float = 0.0  # on the inputs, while learning
    spectral: float | None = None  # bound on the weights' spectral norms
    points: int | None = None  # the first so many training points, instead of all
    variant: str = "mlp"  # what the rows call these networks
    probes: int = 1000
    runs: int = 200
    judge: int = 1000

    def __post_init__(self):
        for name, value in vars(self).items():  # numbers of NumPy become Python's, as JSON has them
            object.__setattr__(self, name, python(value))

    @property
    def pictured(self) -> bool:
        """Whether pictures are kept: of the networks that a notebook is about, and not of their variants."""
        return self.variant in ("mlp", self.architecture) and self.points is None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Images go to [0, 1] for a sigmoid; otherwise the data set's own bounds."""
        return (0.0, 1.0) if self.output == "sigmoid" else None

    @property
    def cost(self) -> int:
        """A rough count of multiplications, to order a sweep by."""
        dim = {"digits": 64, "faces": 625, "patches": 3072}.get(
            self.data, 10 if self.data.startswith("points") else 784
        )
        weights = 2 * dim * self.width + (self.depth - 1) * self.width**2
        if self.architecture != "mlp":
            weights *= dim // 16  # used at many places of an image
        return weights * (self.steps * (self.batch or 4) + self.probes * self.runs) * len(self.seeds)


def cells_of(study: str, data: str, size: Size, seeds: int | None = None) -> list[Cell]:
    """Returns the cells of a study of one data set: one per seed, toys stacked.

    Arguments:
        study: `package.module:function`.
        data: The data set.
        size: How large, and how many seeds.
        seeds: How many of the seeds, if not all.
    """
    numbers = tuple(size.numbers[:seeds])
    groups = [numbers] if data.startswith("points") else [(seed,) for seed in numbers]
    return [Cell(study, data, seeds=group, **size.shape) for group in groups]
