"""Cells: networks that learn together, and what is asked of them."""

from dataclasses import dataclass

from kaleido.sizes import FIRST_SEED, PROFILES

__all__ = ["Cell", "cells_of"]


@dataclass(frozen=True)
class Cell:
    """Networks that learn together, and what is then asked of them."""

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
    schedule: str = "constant"
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


def cells_of(study: str, data: str, profile: str, seeds: int | None = None, like: str = "") -> list[Cell]:
    """Returns the cells of a study of one data set, as large as the profile has it: one per seed, toys stacked.

    Arguments:
        study: Its name in `kaleido.experiments`.
        data: The data set.
        profile: The profile.
        seeds: How many seeds, if not as many as the profile has.
        like: The name that its sizes have in the profile, if not its own.
    """
    size = PROFILES[profile][like or ("points" if data.startswith("points-") else data)]
    numbers = range(FIRST_SEED, FIRST_SEED + (seeds or size.seeds))
    groups = [tuple(numbers)] if data.startswith("points") else [(seed,) for seed in numbers]  # toys are stacked
    shape = {
        name: getattr(size, name) for name in ("depth", "width", "steps", "batch", "lr", "probes", "runs", "judge")
    }
    return [Cell(study, data, seeds=group, **shape) for group in groups]
