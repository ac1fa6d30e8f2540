"""Profiles, cells, plans and the cache: what is computed, how large, and only once.

A *cell* is some networks that learn together and one study of them. It is kept in two layers: *learned*
(weights) and *measured* (rows and arrays). Each layer's key holds the sources that it depends on, so that
editing a measure retrains nothing.
"""

import dataclasses
import json
import os
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from filelock import FileLock
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits
from torch import Tensor
from tqdm import tqdm

from kaleido import files
from kaleido.data import load
from kaleido.learning import learn, load_networks, save_networks
from kaleido.networks import build
from kaleido.studies import STUDIES

__all__ = [
    "BOUNDED_DEPTHS",
    "DIMENSIONS",
    "NOTEBOOKS",
    "PROFILES",
    "SIZES",
    "Cell",
    "Result",
    "Size",
    "compute",
    "plan",
    "sweep",
]

LEARNED = ("data", "networks", "learning")  # sources that a learned cell depends on
MEASURED = (*LEARNED, "sampling", "measures", "quality", "studies")
# read once: what a process has imported is what its results depend on, whatever is edited meanwhile
SOURCES = {name: (Path(__file__).parent / f"{name}.py").read_text() for name in MEASURED}
FIRST_SEED = 100  # seeds below were spent on pilots


@dataclass(frozen=True)
class Size:
    """How large a profile makes the networks of one data set."""

    width: int
    steps: int
    seeds: int  # how many, from 100 up
    depth: int = 10  # what the claims call a deep network
    batch: int | None = 256
    lr: float = 1e-3
    probes: int = 1000  # probes, or chains
    runs: int = 200  # sampling runs


_TOYS = {
    "points1d": Size(width=10, depth=6, steps=2000, seeds=20, batch=None, runs=30),  # as published
    "points1d-tanh": Size(width=10, depth=9, steps=2000, seeds=20, batch=None, runs=30),  # as published
    "points2d": Size(width=50, depth=6, steps=2000, seeds=20, batch=None, runs=30),  # as published
}
DIMENSIONS = (1, 2, 4, 8, 16)  # of the paper's dimension experiment
SIZES = (1, 2, 4, 8, 32, 64, 128, 256, 512, 1024, 2048)  # its numbers of points
TOY_DEPTHS = (1, 2, 3, 4, 6, 8, 10, 14)
BOUNDED_DEPTHS = (2, 4, 6, 10)
LEVEL = {"smoke": 0.6, "laptop": 0.08, "paper": 0.08}  # of the loss on digits in [-1, 1], for claim C6
_POINTS = Size(width=50, depth=6, steps=2000, seeds=5, batch=128)  # as published, but for steps, seeds and batches
PROFILES = {
    "smoke": {
        **{name: dataclasses.replace(size, steps=100, seeds=3, probes=200) for name, size in _TOYS.items()},
        "points": dataclasses.replace(_POINTS, steps=20, seeds=3),
        "digits": Size(width=32, steps=60, seeds=2, probes=400, runs=20),
        "mnist5k": Size(width=32, steps=40, seeds=2, probes=1000, runs=20),
    },
    "laptop": {
        **_TOYS,
        "points": _POINTS,
        "digits": Size(width=128, steps=2000, seeds=10),
        "mnist5k": Size(width=256, steps=1500, seeds=5),
    },
    "paper": {
        **_TOYS,
        "points": dataclasses.replace(_POINTS, steps=10_000),
        "digits": Size(width=500, steps=10_000, seeds=10, batch=1000, lr=1e-4),
        "mnist5k": Size(width=500, steps=10_000, seeds=10, batch=1000, lr=1e-4),  # the published MNIST network
    },
}


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
    every: int = 250
    stop: bool = False
    probes: int = 1000
    runs: int = 200

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Images go to [0, 1] for a sigmoid; otherwise the data set's own bounds."""
        return (0.0, 1.0) if self.output == "sigmoid" else None

    @property
    def cost(self) -> int:
        """A rough count of multiplications, to order a sweep by."""
        dim = {"digits": 64, "mnist5k": 784}.get(self.data, 10)
        weights = 2 * dim * self.width + (self.depth - 1) * self.width**2
        return weights * (self.steps * (self.batch or 4) + self.probes * self.runs) * len(self.seeds)


@dataclass(frozen=True, eq=False)
class Result:
    """What a cell gave: rows (see `kaleido.studies`) and arrays by name."""

    cell: Cell
    rows: list[dict]
    arrays: dict[str, Tensor]


def _cells(study: str, data: str, profile: str, seeds: int | None = None) -> list[Cell]:
    size = PROFILES[profile]["points" if data.startswith("points-") else data]
    numbers = range(FIRST_SEED, FIRST_SEED + (seeds or size.seeds))
    groups = [tuple(numbers)] if data.startswith("points") else [(seed,) for seed in numbers]  # toys are stacked
    shape = {name: getattr(size, name) for name in ("depth", "width", "steps", "batch", "lr", "probes", "runs")}
    return [Cell(study, data, seeds=group, **shape) for group in groups]


def _by_depth(profile: str) -> list[Cell]:
    """The toys at every depth, 50 units wide; the published 2-D network is one of them and is there already."""
    cells = [cell for name in ("points1d", "points2d") for cell in _cells("toy", name, profile)]
    return [
        dataclasses.replace(cell, depth=depth, width=50, runs=1)
        for cell in cells
        for depth in TOY_DEPTHS
        if (depth, 50) != (cell.depth, cell.width)
    ]


def _bounded(profile: str) -> list[Cell]:
    """Claim C6's networks: they stop at one level of the loss, in [0, 1] a quarter of that in [-1, 1]."""
    cells = []
    for depth in BOUNDED_DEPTHS:
        for output in ("tanh", "sigmoid", "linear"):
            level = LEVEL[profile] / (4 if output == "sigmoid" else 1)
            every = 1 if depth <= 4 else 5  # shallow networks pass the level within few steps
            how = {"depth": depth, "output": output, "snapshots": (level,), "every": every, "stop": True}
            cells += [dataclasses.replace(cell, **how) for cell in _cells("bounded", "digits", profile)]
    return cells


NOTEBOOKS = {
    "00": lambda profile: _cells("kaleidoscope", "mnist5k", profile, seeds=1),
    "01": lambda profile: [
        *(cell for name in _TOYS for cell in _cells("toy", name, profile)),
        *_by_depth(profile),
        *_bounded(profile),
        *_cells("unseen", "digits", profile),
        *_cells("unseen", "mnist5k", profile),
    ],
    "02": lambda profile: [
        cell for d in DIMENSIONS for n in SIZES for cell in _cells("corners", f"points-{d}-{n}", profile)
    ],
    "03": lambda profile: _cells("kaleidoscope", "mnist5k", profile),
    "10": lambda profile: [],
}


def plan(notebook: str, profile: str) -> list[Cell]:
    """Returns the cells that a notebook needs.

    Raises:
        ValueError: If the notebook or the profile is unknown.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile '{profile}', expected one of {', '.join(PROFILES)}")
    if notebook not in NOTEBOOKS:
        raise ValueError(f"unknown notebook '{notebook}', expected one of {', '.join(NOTEBOOKS)}")
    return NOTEBOOKS[notebook](profile)


def sweep(cells: Iterable[Cell], processes: int | None = None) -> list[Result]:
    """Computes what the cache lacks, the longest cells first, and returns the results in the cells' order.

    Every cell is computed on one thread, so the results do not depend on the number of processes.

    Arguments:
        cells: The cells; equal ones are computed once.
        processes: How many at a time; by default as many as cores (`KALEIDO_PROCESSES` changes that).
    """
    cells = list(cells)
    jobs: dict[Path, list[Cell]] = {}  # cells of the same networks follow one another, so that none waits for another
    for cell in dict.fromkeys(cells):
        if not _measured(cell).exists():
            jobs.setdefault(_learned(cell), []).append(cell)
    longest_first = sorted(jobs.values(), key=lambda job: (-max(cell.cost for cell in job), repr(job)))
    processes = min(processes or int(os.environ.get("KALEIDO_PROCESSES") or os.cpu_count() or 1), len(jobs))
    if processes > 1:
        run = Parallel(n_jobs=processes, return_as="generator_unordered")
        done = run(delayed(_compute_all)(job, str(files.cache_folder().parent)) for job in longest_first)
    else:
        done = map(_compute_all, longest_first)
    with tqdm(total=sum(map(len, jobs.values())), desc="cells", disable=not jobs) as bar:
        for count in done:
            bar.update(count)
    return [_result(cell) for cell in cells]


def _compute_all(cells: list[Cell], builds: str | None = None) -> int:
    if builds:
        os.environ["KALEIDO_BUILD"] = builds  # a worker may have been started under another one
    for cell in cells:
        compute(cell)
    return len(cells)


def compute(cell: Cell) -> None:
    """Computes a cell, unless the cache has it; of several processes that want one, the first computes it."""
    with _locked(_measured(cell)) as path, _one_thread():
        if path.exists():
            return
        sets = [load(cell.data, seed=seed, bounds=cell.bounds) for seed in cell.seeds]
        nets, histories = _learned_networks(cell, sets)
        rows, arrays = STUDIES[cell.study](cell, nets, sets, histories)
        files.write_tensors(path, arrays or {"none": torch.empty(0)}, {"cell": repr(cell), "rows": rows})


def _learned_networks(cell, sets):
    with _locked(_learned(cell)) as path:
        try:
            return load_networks(path)
        except FileNotFoundError:
            pass
        except ValueError:
            path.unlink()  # damaged: learn again
        nets = [
            build(cell.architecture, data, cell.depth, cell.width, [seed], cell.output, cell.init)[0]
            for data, seed in zip(sets, cell.seeds, strict=True)
        ]
        train = [data.train for data in sets]
        how = (cell.batch, cell.lr, cell.schedule, cell.snapshots, cell.every, cell.stop)
        histories = learn(nets, train, cell.steps, *how)
        save_networks(path, nets, histories)
        return nets, histories


def _result(cell: Cell) -> Result:
    try:
        arrays, header = files.read_tensors(_measured(cell))
    except ValueError:
        _measured(cell).unlink()  # damaged: measure again
        compute(cell)
        arrays, header = files.read_tensors(_measured(cell))
    arrays.pop("none", None)
    return Result(cell, header["rows"], arrays)


def _learned(cell: Cell) -> Path:
    spent = {name: value for name, value in dataclasses.asdict(cell).items() if name not in ("study", "probes", "runs")}
    return files.cache_folder() / "learned" / f"{_key(spent, LEARNED)}.safetensors"


def _measured(cell: Cell) -> Path:
    return files.cache_folder() / "measured" / f"{_key(dataclasses.asdict(cell), MEASURED)}.safetensors"


def _key(content: dict, sources: tuple[str, ...]) -> str:
    data = [_content(content["data"], seed) for seed in content["seeds"]]
    machine = [torch.__version__, torch.backends.cpu.get_cpu_capability()]
    return files.digest(json.dumps(content), *data, *machine, *(SOURCES[name] for name in sources))[:32]


@cache
def _content(name: str, seed: int) -> str:
    return load(name, seed=seed).digest


@contextmanager
def _locked(path: Path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        yield path


@contextmanager
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
