"""How cost grows: exponents of CPU time and of peak memory, each from a process of its own per size.

python benchmarks/growth.py chains 4000     one size: prints CPU seconds and MiB above what was there before
"""

import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from matplotlib.ticker import FixedLocator, NullLocator
from scipy import stats

import kaleido as kd
from kaleido.lab.drawing import DATA, MAP, PAGE, theme

SIZES = {
    "chains": (1000, 2000, 4000, 8000, 16_000),
    "runs": (100, 200, 400, 800, 1600),
    "depth": (4, 8, 16, 32, 64),
    "width": (128, 256, 512, 1024),
    "seeds": (1, 2, 4, 8),
    "training points": (4000, 8000, 16_000, 32_000, 64_000),
    "samples": (2000, 4000, 8000, 16_000),
}
REPEATS = 3


def task(what: str, size: int):
    """Returns what is timed for a size."""
    digits = kd.load("digits", seed=3)
    depth, width = (size if what == name else usual for name, usual in (("depth", 10), ("width", 128)))
    random = torch.Generator().manual_seed(3)
    if what == "samples":  # features of as many held-out points and samples
        real, fake = (torch.randn(size, 64, generator=random) for _ in range(2))
        return lambda: kd.prdc(real, fake)
    nets = kd.build("mlp", digits, depth, width, list(range(size if what == "seeds" else 1)))
    if what in ("chains", "runs"):
        chains, runs = (size if what == name else usual for name, usual in (("chains", 1000), ("runs", 50)))
        start = kd.noise(digits, chains, seed=3)
        return lambda: kd.sample(nets[0], start, runs, keep=[runs])
    if what == "training points":
        points = torch.rand(size, digits.dim, generator=random) * 2 - 1
        return lambda: kd.learn(nets, points, 20, every=1)
    return lambda: kd.learn(nets, digits.train, 50, every=50)


def peak(run: Callable[[], object]) -> float:
    """Calls something and returns its peak of memory above what was there before, in MiB (Linux)."""

    def told(name: str) -> float:
        return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024

    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = told("VmRSS")
    run()
    return told("VmHWM") - before


def exponents() -> dict[str, dict]:
    """Measures all sizes; returns, for time and memory, the exponent b of cost = a size^b with its 95 % interval."""
    found = {}
    for what, sizes in SIZES.items():
        points = [_point(what, size) for size in sizes for _ in range(REPEATS)]
        found[what] = {"sizes": list(sizes)}
        for cost in ("seconds", "MiB"):
            least = [min(p[cost] for p in points if p["size"] == size) for size in sizes]
            found[what][cost] = least
            if min(least) > 0:
                fit = stats.linregress([math.log(size) for size in sizes], [math.log(value) for value in least])
                reach = fit.stderr * stats.t.ppf(0.975, len(sizes) - 2)
                found[what][f"exponent of {cost}"] = [fit.slope, fit.slope - reach, fit.slope + reach]
        print(what, json.dumps(found[what]), flush=True)
    return found


def draw(growth: dict[str, dict]) -> None:
    """Draws cost against size, a panel for each, as growth.png."""
    theme()
    figure, axes = plt.subplots(2, 4, figsize=(PAGE, 0.55 * PAGE))
    for axis, (what, found) in zip(axes.flat, growth.items(), strict=False):
        for cost, colour, mark in (("seconds", MAP, "o"), ("MiB", DATA, "s")):
            axis.loglog(found["sizes"], found[cost], mark + "-", color=colour, markersize=3, linewidth=1, label=cost)
        axis.set_title(what)
        axis.xaxis.set_major_locator(FixedLocator(found["sizes"][::2]))
        axis.xaxis.set_major_formatter(lambda size, _: f"{size / 1000:g}k" if size >= 1000 else f"{size:g}")
        axis.xaxis.set_minor_locator(NullLocator())
    for axis in axes[:, 0]:
        axis.set_ylabel("CPU seconds, MiB")
    axes.flat[-1].axis("off")
    axes.flat[-1].legend(*axes.flat[0].get_legend_handles_labels(), loc="center", title="cost")
    figure.savefig(Path(__file__).parent / "growth.png")


def table(growth: dict[str, dict]) -> str:
    """The exponents as a Markdown table."""
    lines = ["| cost against | sizes | exponent of time | exponent of memory |", "|---|---|---|---|"]
    for what, found in growth.items():
        ends = [found.get(f"exponent of {cost}") for cost in ("seconds", "MiB")]
        cells = [f"{end[0]:.2f} [{end[1]:.2f}, {end[2]:.2f}]" if end else "none seen" for end in ends]
        lines.append(f"| {what} | {found['sizes'][0]:,} to {found['sizes'][-1]:,} | {cells[0]} | {cells[1]} |")
    return "\n".join([*lines, ""])


def _point(what: str, size: int) -> dict:
    command = [sys.executable, __file__, what, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    return json.loads(done.stdout) | {"size": size}


def main() -> None:
    """Runs one size."""
    torch.set_num_threads(1)
    run = task(sys.argv[1], int(sys.argv[2]))
    kd.learn([kd.mlp(2, 1, 2)], torch.zeros(3, 2), 1)  # what PyTorch imports at its first step is not our cost
    start = time.process_time()
    more = peak(run)
    print(json.dumps({"seconds": time.process_time() - start, "MiB": more}))


if __name__ == "__main__":
    main()
