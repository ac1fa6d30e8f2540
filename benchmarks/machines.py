"""How far do the numbers move on other machines? One machine is made to compute as others would.

    python benchmarks/machines.py --profile laptop --only AVX2     one condition (an hour); the others keep their rows

Under each condition every evidence table is computed anew, in a cache of its own, and compared with the record (or, of
a profile without one, with the tables that are computed as things are). Rows go to machines.json and to
book/reproducibility.md.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import tables

from kaleido.chapters import CHAPTERS
from kaleido.lab.chapter import PROFILES
from kaleido.lab.evidence import KEY, read_evidence
from kaleido.lab.ledger import read_ledger
from kaleido.tools import files
from kaleido.tools.exact import VARIABLES, processor

HERE = Path(__file__).parent
AS_IS = "as it is, two processes"
CONDITIONS = {  # environment of the process that computes; the libraries read it as they are loaded
    AS_IS: {},
    "one process": {"KALEIDO_PROCESSES": "1"},
    "PyTorch's loops with AVX2": {"ATEN_CPU_CAPABILITY": "avx2"},
    "PyTorch's loops without vectors": {"ATEN_CPU_CAPABILITY": "default"},
    "products (MKL) with AVX2": {"MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "convolutions (oneDNN) with AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "NumPy, SciPy and the C library without AVX2": {
        name: VARIABLES[name] for name in ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "GLIBC_TUNABLES")
    },
    "all of it with AVX2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F",
    },
    "exact mode": VARIABLES,
    "another PyTorch": {},  # run with --python of an environment that has one
}
COMPUTE = """
from kaleido.chapters import CHAPTERS, ledger
from kaleido.lab.sweep import sweep
asked = [chapter for chapter in CHAPTERS if chapter.cells({profile!r})]
sweep(cell for chapter in asked for cell in chapter.cells({profile!r}))
for chapter in asked:
    chapter.evidence({profile!r})
ledger({profile!r})
import torch
print(torch.__version__)
"""


def computed(condition: str, profile: str, python: str) -> Path:
    """Computes all evidence under a condition, unless that is done; returns the folder of the profile's build."""
    build = files.root() / "build" / "machines" / condition
    if not (build / profile / "ledger.json").exists():
        places = {"KALEIDO_BUILD": str(build), "PYTHONPATH": str(files.root())}
        script = COMPUTE.format(profile=profile)
        subprocess.run([python, "-c", script], env=os.environ | places | CONDITIONS[condition], check=True)
    return build / profile


def compared(found: Path, reference: Path, profile: str) -> dict:
    """Counts what moved: numbers at all, beyond rounding, beyond tolerance; verdicts."""
    ledgers = [read_ledger(path / "ledger.json") for path in (found, reference)]
    merged, alone = [], 0
    for chapter in CHAPTERS:
        if chapter.cells(profile):
            folders = _tables(found), _tables(reference)
            here, there = (read_evidence(folder, chapter.number, profile).table for folder in folders)
            merged.append(here.merge(there, on=[*KEY, "seeds"], suffixes=("", " there"), validate="one_to_one"))
            alone += len(here) + len(there) - 2 * len(merged[-1])
    both = pd.concat(merged, ignore_index=True)
    apart = (both["value"] - both["value there"]).abs()
    size = both[["value", "value there"]].abs().max(axis=1)
    # verdicts come from the record; what another machine can turn is the side on which small networks lie
    sides = [[[said.rpartition(", ")[2] for said in entry["small"]] for entry in entries] for entries in ledgers]
    verdicts = [(entry["claim"], *both) for entry, *both in zip(ledgers[0], *sides, strict=True)]
    return {
        "numbers": len(both) + alone,
        "moved": int((apart > 0).sum()),
        "by more than a thousandth": int((apart > 1e-3 * size).sum()),
        "beyond tolerance": int((apart > both["tolerance there"]).sum()),
        "on one side only": alone,
        "verdicts": len(verdicts),
        "changed verdicts": [f"{claim}: {here} for {there}" for claim, here, there in verdicts if here != there],
    }


def _tables(folder: Path) -> Path:
    return folder / "evidence" if (folder / "evidence").is_dir() else folder


def table(rows: dict) -> str:
    """The rows as a Markdown table."""
    heads = ["condition", "profile", "numbers", "moved", "by > 0.1 %", "beyond", "one side", "verdicts"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for about, row in rows.items():
        profile, condition = about.split(": ")
        counts = [row["numbers"], row["moved"], row["by more than a thousandth"]]
        counts += [row["beyond tolerance"], row["on one side only"]]
        said = "; ".join(row["changed verdicts"]) or "none"
        cells = [condition, profile, *(f"{n:,}" for n in counts), said]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"Seen on {', '.join(sorted({row['machine'] for row in rows.values()}))}.", ""])


def main() -> None:
    """Computes and compares what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=PROFILES, default="smoke")
    parser.add_argument("--only", help="conditions whose name has this in it (default: all but another PyTorch)")
    parser.add_argument("--python", default=sys.executable, help="of the environment that computes")
    asked = parser.parse_args()
    path = HERE / "machines.json"
    rows = json.loads(path.read_text()) if path.exists() else {}
    chosen = [name for name in CONDITIONS if (asked.only in name if asked.only else name != "another PyTorch")]
    reference = files.record_folder() / asked.profile
    if not reference.exists():
        reference = computed(AS_IS, asked.profile, sys.executable)
    for condition in chosen:
        found = computed(condition, asked.profile, asked.python)
        row = compared(found, reference, asked.profile)
        rows[f"{asked.profile}: {condition}"] = row | {"machine": processor()}
        print(condition, json.dumps(row), flush=True)
        files.write(path, json.dumps(rows, indent=1) + "\n")
    tables.put(HERE.parent / "book" / "reproducibility.md", "machines", table(rows))


if __name__ == "__main__":
    main()
