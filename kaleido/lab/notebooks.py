"""Runs the notebooks with a profile, says what failed, and copies a complete build into the project."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from kaleido.lab import gallery
from kaleido.lab.chapter import Chapter, place, read
from kaleido.lab.drawing import manifest
from kaleido.lab.ledger import deciders, findings, ledger, read_ledger
from kaleido.lab.sweep import cores, sweep
from kaleido.tools import files

__all__ = ["between", "find", "joined", "promote", "run"]

# a grammar of addresses, two seconds to load, that jsonschema can do without: no notebook is checked by it
PAPERMILL = "import sys; sys.modules['rfc3987_syntax'] = None; from papermill.cli import papermill; papermill()"
MINUTES = {"smoke": 3, "laptop": 10}  # a cell that takes longer is stopped; in other profiles none is


def find(number: str, folder: Path | None = None) -> Path:
    """Returns the path of a notebook by its number.

    Raises:
        ValueError: If there is none.
    """
    folder = folder or files.root() / "notebooks"
    found = sorted(folder.glob(f"{number}_*.ipynb"))
    if len(found) != 1:
        known = ", ".join(path.name[:2] for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")))
        raise ValueError(f"unknown notebook '{number}', expected one of {known}")
    return found[0]


def run(
    chapters: Sequence[Chapter], profile: str, at_once: bool = False, changes: dict | None = None,
    folder: Path | None = None,
) -> dict[str, str]:  # fmt: skip
    """Computes what chapters need, then executes their notebooks, as many at a time as there are cores.

    Executed notebooks lie in the profile's build folder, with `status.json`.

    Arguments:
        chapters: Whose notebooks.
        profile: Their parameter.
        at_once: They begin while that is still being computed, and wait for what they lack; no cell is stopped.
        changes: Further parameters, such as `{"depths": [1, 4, 20]}`, of a sweep of one's own: see `Chapter.evidence`.
        folder: Where the notebooks lie; by default those of the project.

    Returns:
        What failed, by the notebook's number: its cell and its error. Empty if all went well.

    Raises:
        ValueError: If a notebook has no such parameter.
    """
    changes, minutes = changes or {}, None if at_once else MINUTES.get(profile)
    paths = {chapter.number: find(chapter.number, folder) for chapter in sorted(chapters, key=lambda one: one.number)}
    for number, path in paths.items() if changes else ():
        import papermill  # with nbformat it is a third of a command's start, and few commands need them

        known = [name for name in papermill.inspect_notebook(path) if name != "profile"]
        if set(changes) - set(known):
            raise ValueError(
                f"notebook {number} has the parameters {', '.join(known) or 'profile alone'}, not {changes}"
            )
    needed = [cell for chapter in chapters if chapter.plans(changes) for cell in chapter.cells(profile, **changes)]
    target, failed = place(profile, changes), {}
    if not at_once:
        sweep(needed)
    with ThreadPoolExecutor(cores()) as pool:
        parameters = {"profile": profile} | {name: read(value) for name, value in changes.items()}
        errors = pool.map(
            lambda path: _execute(path, target / "notebooks" / path.name, parameters, minutes), paths.values()
        )
        if at_once:
            sweep(needed)
        with tqdm(total=len(paths), desc="notebooks") as bar:
            for number, error in zip(paths, errors, strict=True):
                failed |= {number: error} if error else {}
                bar.update()
    status = {"profile": profile, "notebooks": {number: failed.get(number, "done") for number in paths}}
    files.write(target / "status.json", json.dumps(status, indent=1) + "\n")
    return failed


def _execute(path: Path, target: Path, parameters: dict, minutes: float | None) -> str | None:
    """Executes one notebook in a process of its own; returns what went wrong, if anything did."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    command = [sys.executable, "-c", PAPERMILL, path, target, "--cwd", path.parent, "-y", json.dumps(parameters)]
    command += ["--no-progress-bar", "--start-timeout", "60"]
    command += ["--execution-timeout", str(round(60 * minutes))] if minutes else []
    # notebooks run side by side: more threads than cores slow one another down many times over
    environment = os.environ | {
        "PYTHONWARNINGS": "ignore",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONUTF8": "1",
        "OMP_NUM_THREADS": "1",
        # this Python's kernel, before any other one of the same name
        "JUPYTER_PATH": os.pathsep.join(filter(None, [f"{sys.prefix}/share/jupyter", os.environ.get("JUPYTER_PATH")])),
    }
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    if done.returncode == 0:
        return None
    last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
    if not target.exists():
        return f"{path.name} was not run: {last[0]}"
    import nbformat

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


def promote(
    chapters: Sequence[Chapter], published: dict, answer: Callable[[list[dict]], str], beside: Sequence[Chapter] = (),
    profile: str = "laptop",
) -> dict[str, str]:  # fmt: skip
    """Makes a complete build what the project shows: notebooks with outputs, figures, record, README's findings.

    The evidence becomes the record first, in a folder of its own; then every notebook is run against it. Only if
    all of them succeed is anything copied.

    Arguments:
        chapters: All chapters.
        published: What the paper shows, see `kaleido.lab.gallery.index`.
        answer: From the ledger to what was found, in sentences.
        beside: What is drawn from the record alone, and has no notebook.
        profile: Which build.

    Returns:
        What failed; nothing was copied if anything did.
    """
    build = files.build_folder(profile)
    sweep(cell for chapter in chapters for cell in chapter.cells(profile))
    for chapter in chapters:
        if chapter.cells(profile):
            chapter.evidence(profile)
    ledger(chapters, profile)
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
        failed = run(chapters, profile)
        gallery.draw(beside, build / "figures", profile)
    finally:
        del os.environ["KALEIDO_RECORD"]
    names = [drawing.name for chapter in chapters for drawing in chapter.figures]
    missing = [name for name in names if name not in manifest(build / "figures")]
    if failed or missing:
        return failed | {name: f"figure {name} was not drawn" for name in missing}
    entries = read_ledger(build / "ledger.json")
    for chapter in chapters:
        path = find(chapter.number)
        files.write(path, _committed(build / "notebooks" / path.name, path))
    for folder, target in ((staged, files.record_folder()), (build / "figures", files.root() / "figures")):
        _mirror(folder, target)
    files.write(files.root() / "figures" / "README.md", gallery.index((*chapters, *beside), published))
    between(files.root() / "README.md", "answer", answer(entries))
    between(files.root() / "README.md", "findings", findings(entries, small=False))
    between(files.root() / "book" / "claims.md", "functions", deciders(chapters))
    return {}


def _committed(executed: Path, source: Path) -> str:
    """An executed notebook without timings, machine names or injected parameters."""
    import nbformat

    notebook = nbformat.read(executed, as_version=4)
    kept = [cell for cell in notebook.cells if not _injected(cell)]
    count = 0
    for cell in kept:
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = joined(cell.outputs)
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


def joined(outputs: list) -> list:
    """Outputs with what was printed at once in one piece, however the kernel has sent it."""
    whole = []
    for output in outputs:
        if whole and output.output_type == whole[-1].output_type == "stream" and output.name == whole[-1].name:
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def _mirror(source: Path, target: Path) -> None:
    """Makes the files below a folder those of another one; hidden ones and READMEs are left alone."""
    names = {path.relative_to(source) for path in source.rglob("*") if path.is_file() and path.name[0] != "."}
    for path in sorted(target.rglob("*")):
        if path.is_file() and path.suffix != ".md" and path.relative_to(target) not in names:
            path.unlink()
    for name in sorted(names):
        files.write(target / name, (source / name).read_bytes())


def between(path: Path, what: str, content: str) -> None:
    """Writes what is generated between two marks of a page: `<!-- findings: ... -->` and `<!-- end of findings -->`.

    Raises:
        ValueError: If the page has lost them.
    """
    page = path.read_text(encoding="utf-8")
    marks = re.search(f"(<!-- {what}: .*? -->\n).*(\n<!-- end of {what} -->)", page, re.DOTALL)
    if not marks:
        raise ValueError(f"{path.name} has lost the marks between which the {what} are written")
    files.write(path, page[: marks.start()] + marks[1] + content + marks[2] + page[marks.end() :])
