"""Faults on purpose: does a reproduction that was disturbed end with the tables of an undisturbed one?

    python benchmarks/faults.py            all of them, half an hour; writes the table of book/reproducibility.md
    python benchmarks/faults.py --quick    some of them, on one notebook; writes nothing

Everything happens in folders under build/faults, and only processes that were started here are ever killed. After each
fault the same command is run once more, and its tables are compared byte for byte. A *lost cell* was finished before
the fault and had to be computed again after it; a cell that was damaged on purpose counts.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
import tables

from kaleido.tools import files

ROOT = files.root()
HOME = ROOT / "build" / "faults"
LIMIT = 900  # seconds that a command may take before it counts as stuck
KIND = ("csv", "json", "safetensors")


@dataclass
class Row:
    """What came of one kind of fault."""

    fault: str
    said: str  # what the disturbed command is to do
    tried: int = 0
    lost: int = 0
    wrong: int = 0
    unexpected: int = 0  # the disturbed command did something else


class Trial:
    """One build folder, and the command that is disturbed in it."""

    def __init__(self, name: str, command: list[str], cache: Path | None = None):
        self.folder, self.command = HOME / name, command
        shutil.rmtree(self.folder, ignore_errors=True)
        if cache:
            shutil.copytree(cache / "cache", self.folder / "cache")

    def start(self, script: str | None = None) -> psutil.Popen:
        """Starts the command, or a script in its place; the output goes to a file beside its build folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        places = os.environ | {"KALEIDO_BUILD": str(self.folder)}
        command = [sys.executable, "-c", script] if script else [sys.executable, "-m", "kaleido", *self.command]
        with (HOME / f"{self.folder.name}.log").open("ab") as log:
            return psutil.Popen(command, cwd=ROOT, env=places, stdout=log, stderr=log)

    def run(self) -> int:
        """Runs the command to its end; returns its exit status."""
        return self.start().wait(LIMIT)

    def cells(self) -> dict[Path, int]:
        """The finished cells, and when each was written."""
        return {path: path.stat().st_mtime_ns for path in (self.folder / "cache").rglob("[!.]*.safetensors")}

    def tables(self) -> dict[str, bytes]:
        """Evidence and verdicts."""
        found = [path for path in self.folder.glob("smoke/**/*") if path.suffix[1:] in KIND and path.name[0] != "."]
        return {
            str(path.relative_to(self.folder)): path.read_bytes() for path in found if "notebooks" not in path.parts
        }


def end(process: psutil.Process, sign: int = signal.SIGKILL) -> None:
    """Sends a signal to a process that was started here, and waits for those that it had started."""
    try:
        others = process.children(recursive=True)
        process.send_signal(sign)
    except psutil.NoSuchProcess:
        return
    psutil.wait_procs([process, *others], timeout=60)


def wrong(found: dict[str, bytes], expected: dict[str, bytes]) -> int:
    """How many lines of all tables differ."""
    lines = [(found.get(name, b"").split(b"\n"), expected.get(name, b"").split(b"\n")) for name in {*found, *expected}]
    return sum(len(set(here) ^ set(there)) for here, there in lines)


def after(row: Row, trial: Trial, before: dict[Path, int], expected: dict[str, bytes]) -> None:
    """Runs the command once more, and adds to the row what was lost and what is wrong."""
    row.unexpected += trial.run() != 0
    now = trial.cells()
    row.lost += sum(now.get(path) != written for path, written in before.items())
    row.wrong += wrong(trial.tables(), expected)
    for path in now:
        files.read_tensors(path)  # raises if it is damaged


def killed(
    row: Row, times: int, seconds: float, whole: Trial, expected: dict[str, bytes], chance: random.Random
) -> None:
    """One build, killed again and again: the command itself, or one of the processes that it started."""
    trial = Trial("killed", whole.command)
    for _ in range(times):
        before = trial.cells()
        process = trial.start()
        time.sleep(chance.uniform(1, seconds))
        victims = [process, *process.children(recursive=True)] if process.is_running() else []
        if victims:
            end(chance.choice(victims) if chance.random() < 0.5 else process)
        end(process)
        row.tried += 1
        row.lost += sum(trial.cells().get(path) != written for path, written in before.items())
    after(row, trial, trial.cells(), expected)


def interrupted(row: Row, times: int, seconds: float, whole: Trial, expected, chance) -> None:
    """Ctrl-C."""
    for _ in range(times):
        trial = Trial("interrupted", whole.command)
        process = trial.start()
        time.sleep(chance.uniform(0.3, 0.9) * seconds)
        end(process, signal.SIGINT)
        row.unexpected += process.wait() != 130
        row.tried += 1
        after(row, trial, trial.cells(), expected)


def file_limit(row: Row, times: int, seconds: float, whole: Trial, expected, chance) -> None:
    """No file may grow beyond some size."""
    for _ in range(times):
        size = int(2 ** chance.uniform(12, 17))
        trial = Trial("file limit", whole.command)
        process = trial.start()
        process.rlimit(psutil.RLIMIT_FSIZE, (size, size))
        row.unexpected += process.wait(LIMIT) == 0
        row.tried += 1
        after(row, trial, trial.cells(), expected)


def full_disk(row: Row, times: int, seconds: float, whole: Trial, expected, chance) -> None:
    """A file system of a few megabytes, which is then enlarged; needs root."""
    for _ in range(times if os.geteuid() == 0 else 0):
        trial = Trial("full disk", whole.command)
        trial.folder.mkdir(parents=True)
        megabytes = chance.uniform(0.1, 0.9) * size_of(whole.folder / "cache") / 2**20
        with mounted("-t", "tmpfs", "-o", f"size={int(megabytes * 1024)}k", "tmpfs", trial.folder):
            row.unexpected += trial.run() == 0
            row.tried += 1
            subprocess.run(["mount", "-o", "remount,size=2g", trial.folder], check=True)
            after(row, trial, trial.cells(), expected)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@contextmanager
def mounted(*arguments):
    """Mounts something for a while."""
    subprocess.run(["mount", *arguments], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", arguments[-1]], check=True)


@contextmanager
def read_only(folder: Path):
    """Nobody may write to a folder, for a while; root is held off by a mount."""
    if os.geteuid() == 0:
        with mounted("--bind", folder, folder):
            subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
            yield
        return
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    try:
        yield
    finally:
        for path in folders:
            path.chmod(0o755)


def read_only_whole(row: Row, times: int, seconds: float, whole: Trial, expected, chance) -> None:
    """A cache that is complete, and may not be written to."""
    trial = Trial("read-only, complete", whole.command, whole.folder)
    before = trial.cells()
    with read_only(trial.folder / "cache"):
        row.unexpected += trial.run() != 0
        row.tried += 1
    after(row, trial, before, expected)


def read_only_part(row: Row, times: int, seconds: float, whole: Trial, expected, chance) -> None:
    """A cache that lacks a cell, and may not be written to."""
    trial = Trial("read-only, incomplete", whole.command, whole.folder)
    chance.choice(sorted((trial.folder / "cache" / "measured").glob("*.safetensors"))).unlink()
    before = trial.cells()
    with read_only(trial.folder / "cache"):
        row.unexpected += trial.run() == 0
        row.tried += 1
    after(row, trial, before, expected)


def damaged(layer: str) -> Callable:
    """Cells whose bytes are changed, or cut."""

    def fault(row: Row, times: int, seconds: float, whole: Trial, expected, chance) -> None:
        trial = Trial(f"damaged {layer}", whole.command, whole.folder)
        before = trial.cells()
        there = sorted((trial.folder / "cache" / layer).glob("*.safetensors"))
        chosen = chance.sample(there, min(times, len(there)))
        for path in chosen:
            content = bytearray(path.read_bytes())
            if chance.random() < 0.5:
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            else:
                del content[chance.randrange(len(content)) :]
            path.write_bytes(content)
            row.tried += 1
        if layer == "learned":  # or nobody would read them
            shutil.rmtree(trial.folder / "cache" / "measured")
            before = {path: written for path, written in before.items() if path.parent.name != "measured"}
        after(row, trial, before, expected)

    return fault


def kernel(sign: int, script: str | None) -> Callable:
    """A notebook's kernel is killed, or stopped so that it hangs."""

    def fault(row: Row, times: int, seconds: float, whole: Trial, expected, chance) -> None:
        trial = Trial(f"kernel {sign}", whole.command, whole.folder)
        before = trial.cells()
        for _ in range(times):
            process = trial.start(script=script)
            kernels: list[psutil.Process] = []
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE and not kernels:
                time.sleep(0.2)
                kernels = [
                    child for child in process.children(recursive=True) if "ipykernel_launcher" in _command(child)
                ]
            time.sleep(chance.uniform(0, 2))
            for child in kernels[:1]:
                child.send_signal(sign)
            row.unexpected += process.wait(LIMIT) == 0
            row.tried += 1
        after(row, trial, before, expected)

    return fault


def _command(process: psutil.Process) -> list[str]:
    try:
        return " ".join(process.cmdline()).split()
    except psutil.Error:
        return []


def two_at_once(row: Row, times: int, seconds: float, whole: Trial, expected, chance) -> None:
    """The same command, twice at the same time, in one build folder."""
    trial = Trial("two at once", whole.command)
    both = [trial.start() for _ in range(2)]
    row.unexpected += sum(process.wait(LIMIT) != 0 for process in both)
    row.tried += 1
    row.wrong += wrong(trial.tables(), expected)
    after(row, trial, trial.cells(), expected)


HANG = """
from kaleido.chapters import dimension
from kaleido.lab import notebooks
notebooks.MINUTES["smoke"] = 0.2
raise SystemExit(len(notebooks.run([dimension.CHAPTER], "smoke")))
"""
SMALL, WHOLE = ["notebook", "02", "--profile", "smoke"], ["reproduce", "--profile", "smoke"]
QUICK = ["notebook", "11", "--profile", "smoke"]  # of fewer cells
# the fault, what the disturbed command is to do, which that is, how it is done, times, times if quick
FAULTS = [
    ("killed (SIGKILL), itself or a process that it started, at a random moment", "ends", WHOLE, killed, 20, 2),
    ("interrupted (Ctrl-C)", "ends with status 130", SMALL, interrupted, 2, 0),
    ("disk full", "says so, fails", SMALL, full_disk, 2, 1),
    ("no file may grow beyond 4 to 128 KiB", "says so, fails", SMALL, file_limit, 2, 0),
    ("cache complete, read-only", "succeeds", SMALL, read_only_whole, 1, 0),
    ("cache incomplete, read-only", "says so, fails", SMALL, read_only_part, 1, 0),
    ("measured cell damaged: a bit, or its end cut off", "succeeds", SMALL, damaged("measured"), 20, 2),
    ("learned cell damaged: a bit, or its end cut off", "succeeds", SMALL, damaged("learned"), 20, 1),
    ("a notebook's kernel is killed", "names the notebook, fails", SMALL, kernel(signal.SIGKILL, None), 2, 1),
    ("a notebook hangs", "stops it, names it, fails", SMALL, kernel(signal.SIGSTOP, HANG), 1, 0),
    ("two at once", "both succeed", WHOLE, two_at_once, 1, 1),
]


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| fault | the disturbed command | times tried | did otherwise | lost cells | wrong numbers |",
        "|---|---|---|---|---|---|",
    ]
    lines += [f"| {r.fault} | {r.said} | {r.tried} | {r.unexpected} | {r.lost} | {r.wrong} |" for r in rows]
    return "\n".join([*lines, ""])


def run_whole(command: list[str]) -> tuple[float, Trial, dict[str, bytes]]:
    """Runs a command undisturbed; returns until when it computes cells, its trial and its tables."""
    whole = Trial(f"undisturbed {command[0]}", command)
    start = time.monotonic()
    if whole.run():
        raise SystemExit(f"the undisturbed command fails: see {whole.folder}.log")
    return min(30.0, (time.monotonic() - start) / 2), whole, whole.tables()


def main() -> int:
    """Runs what is asked for; 1 if a number came out wrong, or a command did what it should not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="some, once or twice, on one notebook")
    parser.add_argument("--only", default="", help="faults whose name has this in it; writes nothing")
    asked = parser.parse_args()
    undisturbed, rows, trials = {}, [], []
    for fault, said, command, make, times, few in FAULTS:
        command = QUICK if asked.quick else command
        times = few if asked.quick else times
        if asked.only in fault and times:
            if command[0] not in undisturbed:
                undisturbed[command[0]] = run_whole(command)
            rows.append(Row(fault, f"{said} (`{' '.join(command[:-2])}`)"))
            trials.append(partial(make, rows[-1], times, *undisturbed[command[0]], random.Random(len(rows))))
    with ThreadPoolExecutor(2 if asked.quick else 1) as pool:  # one notebook leaves a core idle
        for row, _ in zip(rows, pool.map(lambda trial: trial(), trials), strict=True):
            print(row, flush=True)
    print(table(rows))
    if not (asked.quick or asked.only):
        tables.put(ROOT / "book" / "reproducibility.md", "faults", table(rows))
    return int(any(row.wrong or row.unexpected for row in rows))


if __name__ == "__main__":
    sys.exit(main())
