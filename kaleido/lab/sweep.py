"""The cache and the sweep: cells are computed on all cores, and only once.

A cell is kept in two layers: *learned* (weights) and *measured* (rows and arrays). Each layer's key holds the code that
it really reaches, so that editing a measure retrains nothing, and editing a docstring computes nothing anew.
"""

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import torch
from filelock import FileLock
from joblib import delayed
from threadpoolctl import threadpool_limits
from torch import Tensor
from tqdm import tqdm

from kaleido.data.sets import is_name, load
from kaleido.lab.cell import Cell
from kaleido.lab.cluster import workers
from kaleido.learning import learn
from kaleido.networks.build import build
from kaleido.saved import load_networks, save_networks
from kaleido.tools import files
from kaleido.tools.exact import code_paths
from kaleido.tools.reach import reached

__all__ = ["Result", "compute", "cores", "sweep"]

LEARNED = "kaleido.learning", "kaleido.networks.build"
BY_CONTENT = "kaleido.data.sources", "kaleido.data.reading"  # what they bring is in the key itself
NOT_LEARNED = ("study", "variant", "probes", "runs", "judge")  # fields of a cell that its networks do not depend on


@dataclass(frozen=True, eq=False)
class Result:
    """What a cell gave: rows, each one number of one seed, and arrays by name."""

    cell: Cell
    rows: list[dict]
    arrays: dict[str, Tensor]


def sweep(cells: Iterable[Cell], processes: int | None = None, cluster: str | None = None) -> list[Result]:
    """Computes what the cache lacks, the longest cells first, and returns the results in the cells' order.

    Every cell is computed on one thread, so the results do not depend on the number of processes, nor on where they
    run. A cluster's workers keep what they learned in their own cache and send home what they measured.

    Arguments:
        cells: The cells; equal ones are computed once.
        processes: How many at a time; by default as many as cores (`KALEIDO_PROCESSES` changes that).
        cluster: `local` or the address of a Dask scheduler, see `kaleido.lab.cluster.workers`; by default what
            `KALEIDO_CLUSTER` says, or no cluster.
    """
    cells = list(cells)
    jobs: dict[Path, list[Cell]] = {}  # cells of the same networks follow one another, so that none waits for another
    for cell in dict.fromkeys(cells):
        if not _measured(cell).exists():
            jobs.setdefault(_learned(cell), []).append(cell)
    longest_first = sorted(jobs.values(), key=lambda job: (-max(cell.cost for cell in job), repr(job)))
    cluster = cluster or os.environ.get("KALEIDO_CLUSTER")
    processes = min(processes or _wanted() or cores(), len(jobs))
    with tqdm(total=sum(map(len, jobs.values())), desc="cells", disable=not jobs) as bar:
        for done in _run(longest_first, processes, cluster):
            for cell, content in done:
                if content and not _measured(cell).exists():
                    files.write(_measured(cell), content)
                bar.update()
    return [_result(cell) for cell in cells]


def cores() -> int:
    """Returns how many cores this process may use: a cluster's job, or a container, may have fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _wanted() -> int:
    told = os.environ.get("KALEIDO_PROCESSES") or "0"
    if not told.isdecimal():
        raise ValueError(f"KALEIDO_PROCESSES is {told!r}, expected a whole number of processes")
    return int(told)


def _run(jobs: list[list[Cell]], processes: int, cluster: str | None) -> Iterator[list[tuple[Cell, bytes | None]]]:
    if not jobs or (processes == 1 and not cluster):
        yield from map(_compute_all, jobs)
        return
    with workers(processes, cluster) as run:
        if cluster:
            yield from run(delayed(_compute_away)(job, [_measured(cell).name for cell in job]) for job in jobs)
        else:
            yield from run(delayed(_compute_all)(job, str(files.cache_folder().parent), sys.path) for job in jobs)


def _compute_all(cells: list[Cell], builds: str | None = None, path: Sequence[str] = ()) -> list[tuple[Cell, None]]:
    if builds:  # a worker may have been started under another one, and before a chapter was put on the path
        os.environ["KALEIDO_BUILD"] = builds
    sys.path += [place for place in path if place not in sys.path]
    for cell in cells:
        compute(cell)
    return [(cell, None) for cell in cells]


def _compute_away(cells: list[Cell], names: list[str]) -> list[tuple[Cell, bytes]]:
    """Computes cells on a cluster's worker, and returns the contents of their files."""
    if [_measured(cell).name for cell in cells] != names:
        raise RuntimeError(
            "a worker of the cluster has another version of kaleido, torch or the data, or a processor with other "
            f"instructions ({torch.backends.cpu.get_cpu_capability()} there): its numbers would be other ones"
        )
    _compute_all(cells)
    return [(cell, _measured(cell).read_bytes()) for cell in cells]


def compute(cell: Cell) -> None:
    """Computes a cell, unless the cache has it; of several processes that want one, the first computes it.

    Its study is called once for each network, as `study(cell, net, data, seed, history, add)`. It may add numbers,
    `add(claim, quantity, value, n, condition, run=None, architecture=None)`, with n the probes or chains behind a value
    and `architecture` what was measured, if not the cell's variant; and it may return arrays by name, for figures. Of
    arrays of one name the first seed's is kept.
    """
    with _locked(_measured(cell)) as path, _as_usual():
        if path.exists():
            return
        sets = [load(cell.data, seed=seed, bounds=cell.bounds) for seed in cell.seeds]
        nets, histories = _learned_networks(cell, sets)
        rows, arrays = [], {}
        for net, data, seed, history in zip(nets, sets, cell.seeds, histories, strict=True):
            add = _adder(rows, seed, cell.variant)
            arrays = (_study(cell.study)(cell, net, data, seed, history, add) or {}) | arrays
        files.write_tensors(path, arrays or {"none": torch.empty(0)}, {"cell": repr(cell), "rows": rows})


def _study(name: str) -> Callable:
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)


def _adder(rows: list[dict], seed: int, variant: str) -> Callable:
    def add(claim, quantity, value, n, condition, run=None, architecture=None):
        rows.append({
            "claim": claim, "quantity": quantity, "architecture": architecture or variant, "condition": condition,
            "run": run, "seed": seed, "value": float(value), "n": n,
        })  # fmt: skip

    return add


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
        train = [data.first(cell.points).train if cell.points else data.train for data in sets]
        how = (cell.batch, cell.lr, cell.snapshots, cell.every, cell.stop, cell.noise, cell.spectral)
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
    spent = {name: value for name, value in dataclasses.asdict(cell).items() if name not in NOT_LEARNED}
    return files.cache_folder() / "learned" / f"{_key(spent, *LEARNED)}.safetensors"


def _measured(cell: Cell) -> Path:
    study = cell.study.partition(":")[0]
    return files.cache_folder() / "measured" / f"{_key(dataclasses.asdict(cell), *LEARNED, study)}.safetensors"


def _key(content: dict, *modules: str) -> str:
    known = _known if is_name(content["data"]) else _content  # what lies at a path may change
    data = [known(content["data"], seed) for seed in content["seeds"]]
    return files.digest(json.dumps(content), *data, *code_paths(), *map(_code, modules))[:32]


@cache
def _code(module: str) -> str:
    return json.dumps(reached(module, lambda name: name not in BY_CONTENT))


def _content(name: str, seed: int) -> str:
    return load(name, seed=seed).digest


_known = cache(_content)


@contextmanager
def _locked(path: Path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        yield path


@contextmanager
def _as_usual():
    """One thread, and the defaults of PyTorch, whatever the caller has set."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float32)
    try:
        with threadpool_limits(1), torch.inference_mode(False), torch.autocast("cpu", enabled=False):
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
