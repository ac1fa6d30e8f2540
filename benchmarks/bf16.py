"""Does learning in bf16 change what the claims look at? Pairs of networks that differ in the precision alone.

    python benchmarks/bf16.py

The small networks of mnist5k learn twice from the same first weights, split and batches, once in float32 and once in
bf16. The differences are written into book/speed.md beside the spread over seeds. On a processor without bf16 units the
numbers are the same kind of numbers, and it takes half an hour instead of some minutes.
"""

import json
from pathlib import Path

import numpy as np
import tables
import torch

import kaleido as kd
from kaleido.chapters.common import SAMPLED
from kaleido.chapters.kaleidoscope.cells import MLPS
from kaleido.lab.statistics import in_words, interval
from kaleido.tools import exact, files

HERE = Path(__file__).parent
SEEDS = range(100, 105)
SIZE = MLPS["laptop"]["mnist5k"]


def scores(seed: int, precision: str) -> dict[str, float]:
    """Trains a network and measures what the claims look at."""
    data = kd.load("mnist5k", seed=seed)
    nets = kd.build("mlp", data, 10, SIZE.width, [seed])
    loss = kd.learn(nets, data.train, SIZE.steps, SIZE.batch, SIZE.lr, precision=precision)[0].losses[-1]
    found = {"training loss": loss}
    z = kd.noise(data, 1000, seed=seed)
    found["contraction"] = kd.contraction(nets[0], z, data)
    quality = kd.assess(kd.sample(nets[0], z, SAMPLED, keep=[SAMPLED]).at(SAMPLED), data, kd.features(data, seed=seed))
    found |= {name: quality[name] for name in ("precision", "coverage")}
    found["PC"] = 2 * quality["precision"] * quality["coverage"] / (quality["precision"] + quality["coverage"])
    return {name: float(value) for name, value in found.items()}


def table(results: dict) -> str:
    """The differences as a Markdown table."""
    lines = [
        "| | float32 | bf16 minus float32 | standard deviation over seeds | difference / deviation |",
        "|---|---|---|---|---|",
    ]
    for name in results["float32"][0]:
        long, short = (np.array([row[name] for row in results[way]]) for way in ("float32", "bf16"))
        change, spread = interval(short - long), long.std(ddof=1)
        cells = in_words(*interval(long), 3), in_words(*change, 4), f"{spread:.4f}", f"{change[0] / spread:.2f}"
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"{len(SEEDS)} seeds; 95 % intervals; {results['processor']}.", ""])


def main() -> None:
    torch.set_num_threads(1)
    results = {way: [scores(seed, way) for seed in SEEDS] for way in ("float32", "bf16")}
    results |= {"processor": exact.processor(), "seeds": list(SEEDS), "torch": torch.__version__}
    files.write(HERE / "bf16.json", json.dumps(results, indent=1) + "\n")
    tables.put(HERE.parent / "book" / "speed.md", "bf16", table(results))


if __name__ == "__main__":
    main()
