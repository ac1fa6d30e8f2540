"""Runs the notebooks with a profile, says what failed, and copies a complete build into the project."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from tqdm import tqdm

from kaleido import figures
from kaleido.evidence import evidence
from kaleido.experiments import sweep
from kaleido.gallery import FIGURES, index
from kaleido.ledger import findings, ledger, read_ledger
from kaleido.plans import EXTENDED, NOTEBOOKS, plan
from kaleido.tools import files

__all__ = ["extend", "find", "promote", "run"]

MINUTES = {
    "smoke": 3,
    "laptop": 10,
}  # a cell that takes longer is stopped; other profiles may take as long as they need
BEGIN, END = "<!-- findings: written by `make notebooks` -->", "<!-- end of findings -->"


def find(number: str) -> Path:
    """Returns the path of a notebook by its number.

    Raises:
        ValueError: If there is none.
    """
    found = sorted((files.root() / "notebooks").glob(f"{number}_*.ipynb"))
    if len(found) != 1:
        known = ", ".join(path.name[:2] for path in sorted((files.root() / "notebooks").glob("[0-9][0-9]_*.ipynb")))
        raise ValueError(f"unknown notebook '{number}', expected one of {known}")
    return found[0]


def run(numbers: Iterable[str], profile: str, minutes: float | None = None, at_once: bool = False) -> dict[str, str]:
    """Computes what the notebooks need, then executes them, as many at a time as there are cores.

    Executed notebooks lie in the profile's build folder, with `status.json`.

    Arguments:
        numbers: Such as `01`.
        profile: Their parameter.
        minutes: A cell that takes longer is stopped; see `MINUTES`.
        at_once: They begin while that is still being computed, and wait for what they lack; no cell is stopped.

    Returns:
        What failed, by the notebook's number: its cell and its error. Empty if all went well.
    """
    numbers, minutes = sorted(numbers), None if at_once else minutes or MINUTES.get(profile)
    paths = {number: find(number) for number in numbers}
    needed = [cell for number in numbers for cell in plan(number, profile)]
    failed = {}
    if not at_once:
        sweep(needed)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        errors = pool.map(lambda number: _execute(paths[number], profile, minutes), numbers)
        if at_once:
            sweep(needed)
        with tqdm(total=len(numbers), desc="notebooks") as bar:
            for number, error in zip(numbers, errors, strict=True):
                failed |= {number: error} if error else {}
                bar.update()
    status = {"profile": profile, "notebooks": {number: failed.get(number, "done") for number in numbers}}
    files.write(files.build_folder(profile) / "status.json", json.dumps(status, indent=1) + "\n")
    return failed


def _execute(path: Path, profile: str, minutes: float | None) -> str | None:
    """Executes one notebook in a process of its own; returns what went wrong, if anything did."""
    target = files.build_folder(profile) / "notebooks" / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    command = [sys.executable, "-m", "papermill", path, target, "-p", "profile", profile, "--cwd", path.parent]
    command += ["--no-progress-bar", "--start-timeout", "60"]
    command += ["--execution-timeout", str(round(60 * minutes))] if minutes else []
    # notebooks run side by side: more threads than cores slow one another down many times over
    environment = os.environ | {
        "PYTHONWARNINGS": "ignore",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        return None
    last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
    if not target.exists():
        return f"{path.name} was not run: {last[0]}"
    cells = [
        cell for cell in nbformat.read(target, as_version=4).cells if cell.cell_type == "code" and not _injected(cell)
    ]
    started = [cell for cell in cells if cell.metadata.get("papermill", {}).get("start_time")]
    if not started:
        return f"{path.name}: {last[0]}"
    errors = [f"{output.ename}: {output.evalue}" for output in started[-1].outputs if output.output_type == "error"]
    why = f"stopped after {minutes:g} minutes" if "Timeout" in done.stderr else (errors or last)[0]
    return f"{path.name}, code cell {len(started)}: {why}\n{_indented(started[-1].source)}"


def _injected(cell) -> bool:
    return "injected-parameters" in cell.metadata.get("tags", [])


def _indented(source: str) -> str:
    return "\n".join("    " + line for line in source.splitlines()[:8])


def promote(profile: str = "laptop") -> dict[str, str]:
    """Makes a complete build what the project shows: notebooks with outputs, figures, record, README's findings.

    The evidence becomes the record first, in a folder of its own; then every notebook is run against it. Only if
    all of them succeed is anything copied.

    Returns:
        What failed; nothing was copied if anything did.
    """
    build, numbers = files.build_folder(profile), list(NOTEBOOKS)
    sweep(cell for number in numbers for cell in plan(number, profile))
    for number in numbers:
        if plan(number, profile):
            evidence(number, profile)
    ledger(profile)
    staged = build / "record"
    shutil.rmtree(staged, ignore_errors=True)
    if files.record_folder().exists():
        shutil.copytree(files.record_folder(), staged)
    shutil.rmtree(staged / profile, ignore_errors=True)
    shutil.copytree(build / "evidence", staged / profile)
    shutil.copy(build / "ledger.json", staged / profile / "ledger.json")
    shutil.rmtree(build / "figures", ignore_errors=True)  # with figures that no notebook draws any more
    os.environ["KALEIDO_RECORD"] = str(staged)
    try:
        failed = run(numbers, profile)
    finally:
        del os.environ["KALEIDO_RECORD"]
    missing = [name for name in FIGURES if name not in figures.manifest(build / "figures")]
    if failed or missing:
        return failed | {name: f"figure {name} was not drawn" for name in missing}
    readme = _with_findings((files.root() / "README.md").read_text(), profile)
    for number in numbers:
        path = find(number)
        files.write(path, _committed(build / "notebooks" / path.name, path))
    for folder, target in ((staged, files.record_folder()), (build / "figures", files.root() / "figures")):
        _mirror(folder, target)
    files.write(files.root() / "figures" / "README.md", index())
    files.write(files.root() / "README.md", readme)
    return {}


def extend(numbers: Iterable[str] = EXTENDED) -> list[str]:
    """Computes what notebooks show from the record of the `extended` profile, and records it.

    Arguments:
        numbers: Which notebooks; by default all that show something from it.

    Returns:
        Their numbers.

    Raises:
        ValueError: If a notebook shows nothing from it.
    """
    numbers = list(numbers)
    if set(numbers) - set(EXTENDED):
        raise ValueError(f"{numbers} are asked for, the notebooks with an extended record are {', '.join(EXTENDED)}")
    for number in numbers:
        evidence(number, "extended")
        for path in (files.build_folder("extended") / "evidence").glob(f"{number}.*"):
            files.write(files.root() / "data" / "record" / "extended" / path.name, path.read_bytes())
    return numbers


def _committed(executed: Path, source: Path) -> str:
    """An executed notebook without timings, machine names or injected parameters."""
    notebook = nbformat.read(executed, as_version=4)
    kept = [cell for cell in notebook.cells if not _injected(cell)]
    count = 0
    for cell in kept:
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count
    originals = [cell.id for cell in nbformat.read(source, as_version=4).cells]
    for cell, name in zip(kept, originals, strict=True):
        cell.id = name
    notebook.cells = kept
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook.nbformat_minor = 5
    return nbformat.writes(notebook, indent=1) + "\n"


def _mirror(source: Path, target: Path) -> None:
    """Makes the files below a folder those of another one; hidden ones and READMEs are left alone."""
    names = {path.relative_to(source) for path in source.rglob("*") if path.is_file() and path.name[0] != "."}
    for path in sorted(target.rglob("*")):
        if path.is_file() and path.suffix != ".md" and path.relative_to(target) not in names:
            path.unlink()
    for name in sorted(names):
        files.write(target / name, (source / name).read_bytes())


def _with_findings(readme: str, profile: str) -> str:
    """The README with its table of findings written anew from the ledger."""
    if BEGIN not in readme or END not in readme:
        raise ValueError("README.md has lost the marks between which the findings are written")
    table = findings(read_ledger(files.build_folder(profile) / "ledger.json"))
    block = f"{BEGIN}\n{table}\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: block, readme, flags=re.DOTALL)
