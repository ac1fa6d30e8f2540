"""How fast is it? Each figure is a ratio, measured side by side with a plain loop and with the machine's limit.

    python benchmarks/bench.py            all of it, a quarter of an hour; writes results.json and book/speed.md's table
    python benchmarks/bench.py --quick    small ones, once, to see that they run; writes nothing

Ours, the plain loop and the limit take turns in one process, on one thread, and the time is the processor's. A ratio
is the median over five rounds of the ratios within a round; beside it stand the least and the largest of them.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import growth
import limit
import plain
import tables
import torch
from prdc import compute_prdc

import kaleido as kd
from kaleido.chapters.dimension.cells import DIMENSIONS, SIZES
from kaleido.lab.cell import Cell
from kaleido.lab.cluster import local_cluster
from kaleido.lab.sweep import sweep
from kaleido.tools import exact, files

HERE = Path(__file__).parent
ROUNDS = 5
RETIRE = 1.5e-6  # a distance in the unit of the features; rounding alone moves a chain by about that in a run
END = "largest difference of an end point"
Ways = dict[str, Callable[[], object] | float]  # what is timed, and what is said beside it


def learning(data: str, width: int, batch: int, lr: float, steps: int, precision: str = "float32") -> Ways:
    """Gradient steps of a network with ten hidden layers; of few points, so that ours looks at its loss in no time."""
    points = kd.load(data, seed=3)
    ours, theirs = (kd.build("mlp", points, 10, width, [3])[0] for _ in range(2))
    x = points.train[: batch + 1]
    return {
        "ours": lambda: kd.learn([ours], x, steps, batch, lr, every=steps, precision=precision),
        "plain loop": lambda: plain.learn(theirs, x, steps, batch, lr),
        "limit": limit.learning(ours, batch, steps),
    }


def toys(steps: int, seeds: int) -> Ways:
    """The networks of the dimension experiment (notebook 02): five dimensions, eleven numbers of points, some seeds."""
    asked = [(f"points-{dim}-{count}", seed) for dim in DIMENSIONS for count in SIZES for seed in range(seeds)]
    sets = [kd.load(name, seed=seed) for name, seed in asked]
    nets = [kd.build("mlp", points, 6, 50, [seed])[0] for points, (_, seed) in zip(sets, asked, strict=True)]
    others = [plain.network(points.dim, 6, 50) for points in sets]

    def by_plain_loop() -> None:
        for net, points in zip(others, sets, strict=True):
            plain.learn(net, points.train, steps, 128, 1e-3)

    return {
        "ours": lambda: kd.learn(nets, [points.train for points in sets], steps, 128, every=steps),
        "plain loop": by_plain_loop,
    }


def sampling(data: str, width: int, steps: int, chains: int, runs: int, retire: float | None = None) -> Ways:
    """Sampling runs of a trained network with ten hidden layers."""
    points = kd.load(data, seed=3)
    net = kd.build("mlp", points, 10, width, [3])[0]
    kd.learn([net], points.train, steps)
    start = kd.noise(points, chains, seed=3)
    ends, rested = (kd.sample(net, start, runs, keep=[runs], retire=at).at(runs) for at in (None, retire))
    return {
        END: float((ends - rested).abs().max()),
        "ours": lambda: kd.sample(net, start, runs, retire=retire, keep=range(0, runs + 1, 10)),
        "plain loop": lambda: plain.sample(net, start, runs, eps=0.0),
        "limit": limit.sampling(net, chains, runs),
    }


def quality(count: int, features: int = 64) -> Ways:
    """Precision, recall, density and coverage, against the published implementation, package `prdc`."""
    random = torch.Generator().manual_seed(3)
    real, fake = (torch.randn(count, features, generator=random) for _ in range(2))
    return {
        "ours": lambda: kd.prdc(real, fake),
        "plain loop": lambda: compute_prdc(real.double().numpy(), fake.double().numpy(), 5),
    }


QUICK = {
    "learning, digits, width 128": (learning, ("digits", 128, 256, 1e-3, 20)),
    "learning in bf16, digits, width 128": (learning, ("digits", 128, 256, 1e-3, 20, "bf16")),
    "learning, 55 toy networks, two seeds": (toys, (5, 2)),
    "sampling, digits": (sampling, ("digits", 128, 300, 200, 20)),
    "quality, 1,000 x 1,000": (quality, (1000,)),
}
FULL = {
    "learning, the paper's MNIST network": (learning, ("mnist5k", 500, 1000, 1e-4, 30)),
    "learning, the same in bf16": (learning, ("mnist5k", 500, 1000, 1e-4, 30, "bf16")),
    "learning, mnist5k, width 256": (learning, ("mnist5k", 256, 256, 1e-3, 60)),
    "learning, digits, width 128": (learning, ("digits", 128, 256, 1e-3, 200)),
    "learning, the 55 toy networks of the dimension experiment": (toys, (100, 1)),
    "learning, the same, five seeds": (toys, (40, 5)),
    "sampling, the paper's MNIST network": (sampling, ("mnist5k", 500, 600, 1000, 200)),
    "sampling, mnist5k, width 256": (sampling, ("mnist5k", 256, 800, 1000, 200)),
    "sampling, the same, chains at rest retired": (sampling, ("mnist5k", 256, 800, 1000, 200, RETIRE)),
    "sampling, digits, width 128": (sampling, ("digits", 128, 2000, 1000, 200)),
    "sampling, digits, chains at rest retired": (sampling, ("digits", 128, 2000, 1000, 200, RETIRE)),
    "quality, 10,000 x 10,000": (quality, (10_000,)),
}


def measured(ways: Ways, rounds: int) -> dict:
    """Times all ways in turn; returns CPU seconds, and how much longer than ours the others took."""
    said = {name: value for name, value in ways.items() if isinstance(value, float)}
    ways = {way: run for way, run in ways.items() if way not in said}
    seconds = {way: [] for way in ways}
    for _ in range(rounds):
        for way, run in ways.items():
            start = time.process_time()
            run()
            seconds[way].append(time.process_time() - start)
    row = {way: statistics.median(times) for way, times in seconds.items()}
    for way in ways.keys() - {"ours"}:
        ratios = [other / ours for other, ours in zip(seconds[way], seconds["ours"], strict=True)]
        row[f"{way} to ours"] = [statistics.median(ratios), min(ratios), max(ratios)]
    return row | said


def memory(count: int) -> dict[str, float]:
    """Peak memory of the two ways to the quality of so many points, in MiB, each in a process of its own."""
    found = {}
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for way in ("ours", "plain loop"):
            found[way] = pool.apply(_peak, (count, way))
    return found


def _peak(count: int, way: str) -> float:
    return growth.peak(quality(count)[way])


def workers(rounds: int) -> list[float]:
    """How much longer one worker of a Dask cluster takes for a sweep than two, by the clock: median, least, largest."""
    study = "kaleido.chapters.over_generalization.study:unseen"
    cells = [Cell(study, "digits", 10, 128, 1000, (seed,)) for seed in range(8)]
    ratios = []
    for _ in range(rounds):
        seconds = []
        for processes in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                os.environ["KALEIDO_BUILD"] = folder  # an empty cache, for the workers too
                with local_cluster(processes) as cluster:
                    start = time.perf_counter()
                    sweep(cells, cluster=cluster.scheduler_address)
                    seconds.append(time.perf_counter() - start)
        ratios.append(seconds[0] / seconds[1])
    return [statistics.median(ratios), min(ratios), max(ratios)]


def processor() -> str:
    """The processor's model, and what PyTorch uses of it."""
    return f"{exact.processor()}, {os.cpu_count()} cores, {torch.backends.cpu.get_cpu_capability()}"


def table(results: dict) -> str:
    """The figures as Markdown tables."""
    lines = ["| | ours, CPU s | plain loop / ours | limit / ours |", "|---|---|---|---|"]
    for name, row in results["figures"].items():
        ratios = [row.get(f"{way} to ours") for way in ("plain loop", "limit")]
        cells = [f"{ratio[0]:.2f} [{ratio[1]:.2f}, {ratio[2]:.2f}]" if ratio else "" for ratio in ratios]
        lines.append(f"| {name} | {row['ours']:.2f} | {cells[0]} | {cells[1]} |")
    ours, other = results["memory of quality, MiB"].values()
    ends = [f"{row[END]:.1e}" for row in results["figures"].values() if row.get(END)]
    lines += [
        "",
        f"Measured on {results['processor']}, with PyTorch {results['torch']}. Chains that were retired (those that "
        f"moved by {RETIRE} or less in a run) ended at most {' and '.join(ends)} from where they end otherwise, in any "
        f"feature. The quality of 10,000 samples took {ours:.0f} MiB of memory, the package `prdc` {other:.0f}.",
        "",
        "A sweep of eight cells on a Dask cluster took {:.2f} [{:.2f}, {:.2f}] times as long with one worker as with "
        "two, by the clock.".format(*results["one worker to two"]),
        "",
        "![CPU time and memory against the number of chains, runs, layers and more](../benchmarks/growth.png)",
        "",
        growth.table(results["growth"]),
    ]
    return "\n".join(lines)


def main() -> None:
    """Runs the benchmarks that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small ones, once")
    parser.add_argument("--only", default="", help="those whose name has this in it; the others keep their numbers")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = HERE / "results.json"
    results = json.loads(path.read_text()) if arguments.only else {"figures": {}}
    results |= {"processor": processor(), "torch": torch.__version__}
    for name, (make, how) in (QUICK if arguments.quick else FULL).items():
        if arguments.only in name:
            results["figures"][name] = row = measured(make(*how), 1 if arguments.quick else ROUNDS)
            print(name, json.dumps(row), flush=True)
    if arguments.quick:
        return
    if arguments.only in "memory":
        results["memory of quality, MiB"] = memory(10_000)
    if arguments.only in "workers":
        results["one worker to two"] = workers(3)
    if arguments.only in "growth":
        results["growth"] = growth.exponents()
    growth.draw(results["growth"])
    files.write(path, json.dumps(results, indent=1) + "\n")
    tables.put(HERE.parent / "book" / "speed.md", "speed", table(results))


if __name__ == "__main__":
    main()
