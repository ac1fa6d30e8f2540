"""The checks can fail: each of these edits, in a copy, must make the right command fail."""

import json
import shutil

import nbformat
import pytest
from conftest import ROOT

from kaleido.__main__ import reproduce
from kaleido.chapters import dimension
from kaleido.lab import notebooks
from kaleido.tools import files


@pytest.mark.parametrize(
    ("name", "old", "new", "check"),
    [
        (
            "kaleido/measures/over_generalization.py",
            "float(after.median()",
            "float(after.mean()",
            "measures/test_over_generalization.py",
        ),
        (
            "kaleido/measures/quality.py",
            "nearest_fake < known.radius)",
            "nearest_fake < fake_radius.max())",
            "measures/test_quality.py",
        ),
        ("figures/manifest.json", '"evidence": "', '"evidence": "0', "lab/test_figures.py::test_committed_figures"),
    ],
)
def test_an_edited_line_fails_its_test(project, name, old, new, check):
    project.edit(name, old, new)
    file, _, test = check.partition("::")
    done = project.python("-m", "pytest", "-x", "-p", "no:cacheprovider", f"tests/{file}", "-k", test)
    assert done.returncode == 1, done.stdout[-2000:]
    assert f"FAILED tests/{file}::{test}" in done.stdout


def test_an_edited_number_or_verdict_of_the_record_fails_the_reproduction(build, monkeypatch, capsys):
    monkeypatch.setattr(notebooks, "run", lambda chapters, profile: {})  # they would take a minute
    shutil.copytree(ROOT / "data" / "record", files.record_folder())
    dimension.evidence("smoke")
    assert reproduce("smoke") == 0
    record = files.record_folder() / "smoke"
    shutil.copytree(build / "smoke" / "evidence", record)
    shutil.copy(build / "smoke" / "ledger.json", record)
    table, ledger = (record / "02.csv").read_text(), json.loads((record / "ledger.json").read_text())
    assert reproduce("smoke") == 0

    heads, *lines = table.splitlines()
    cells = lines[7].split(",")
    place = heads.split(",").index("value")
    cells[place] = str(2 * float(cells[place]) + 1)
    lines[7] = ",".join(cells)
    (record / "02.csv").write_text("\n".join([heads, *lines, ""]))
    capsys.readouterr()
    assert reproduce("smoke") == 1
    assert f"{len(lines) - 1} of {len(lines)} numbers within tolerance" in capsys.readouterr().out

    (record / "02.csv").write_text(table)
    entry = next(entry for entry in ledger["claims"] if entry["claim"] == "C7a")
    was, entry["word"] = entry["word"], "something else"
    (record / "ledger.json").write_text(json.dumps(ledger))
    assert reproduce("smoke") == 1
    assert f"C7a is {was}, recorded as something else" in capsys.readouterr().out


def test_an_edited_output_fails_the_comparison_of_notebooks(project):
    path = project.path / "notebooks" / "02_dimension.ipynb"
    book = nbformat.read(path, as_version=4)
    checked = [cell for cell in book.cells if "nbval-check-output" in cell.metadata.get("tags", [])]
    (output,) = checked[-1].outputs
    output.text = output.text.replace("the numbers agree", "the numbers disagree")
    assert "disagree" in output.text
    nbformat.write(book, path)
    comparison = ("-m", "pytest", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env")
    done = project.python(*comparison, path, KALEIDO_BUILD=str(files.cache_folder().parent))
    assert done.returncode == 1, done.stdout[-2000:]
    assert done.stdout.count("FAILED notebooks/02_dimension.ipynb") == 1
