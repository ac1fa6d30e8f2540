import json
import os
import re
import subprocess
import sys

import nbformat
import pytest
from conftest import ROOT

import kaleido as kd
from kaleido import notebooks

COMMITTED = sorted((ROOT / "notebooks").glob("*.ipynb"))


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The whole of `make reproduce EXACT=1` in the smoke profile, from an empty cache."""
    folder = tmp_path_factory.mktemp("smoke")
    done = subprocess.run(
        [sys.executable, "-m", "kaleido", "reproduce", "--profile", "smoke", "--exact"],
        env=os.environ | {"KALEIDO_BUILD": str(folder)},
        capture_output=True,
        text=True,
    )
    return folder / "smoke", done


def test_every_notebook_runs_through_papermill_in_the_smoke_profile(smoke):
    folder, done = smoke
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "status.json").read_text())["notebooks"] == dict.fromkeys(kd.NOTEBOOKS, "done")
    for path in COMMITTED:
        executed = code_cells(folder / "notebooks" / path.name)
        assert all(cell.execution_count for cell in executed)
        assert any('profile = "smoke"' in cell.source for cell in executed)


def test_a_reproduction_leaves_evidence_figures_and_a_ledger(smoke):
    folder, done = smoke
    tables = {path.stem for path in (folder / "evidence").glob("*.csv")}
    assert tables == {number for number in kd.NOTEBOOKS if kd.plan(number, "smoke")}
    assert set(kd.figures.manifest(folder / "figures")) == set(kd.gallery.FIGURES)
    assert "C1" in done.stdout
    assert "no record of the smoke profile" in done.stdout
    assert len(json.loads((folder / "ledger.json").read_text())["claims"]) == len(kd.CLAIMS)


def test_exact_mode_gives_the_recorded_bits_on_a_recorded_machine(smoke):
    _, done = smoke
    (told,) = re.findall("exact mode: (.*)", done.stdout)
    assert "tables have the recorded SHA-256" in told or "this machine is a new one" in told


def test_what_fails_is_named_with_its_cell_and_the_others_go_on(project):
    cells = {
        "00": "print('fine')",
        "01": "x = 1\nx / 0  # the culprit",
        "03": "while True:\n    pass",
        "10": "import os\nos._exit(3)",
    }
    for number, source in cells.items():
        (path,) = (project.path / "notebooks").glob(f"{number}_*.ipynb")
        book = nbformat.read(path, as_version=4)
        parameters = next(cell for cell in book.cells if "parameters" in cell.metadata.get("tags", []))
        book.cells = [parameters, nbformat.v4.new_code_cell(source)]
        nbformat.write(book, path)
    script = """
import json
from kaleido import notebooks
notebooks.plan = lambda number, profile: []
print(json.dumps(notebooks.run(["00", "01", "03", "10"], "smoke", minutes=0.1)))
"""
    done = project.python("-c", script)
    failed = json.loads(done.stdout)
    assert sorted(failed) == ["01", "03", "10"]
    assert "01_over_generalization.ipynb, code cell 2: ZeroDivisionError: division by zero" in failed["01"]
    assert "# the culprit" in failed["01"]
    assert "03_mnist_kaleidoscope.ipynb, code cell 2: stopped after 0.1 minutes" in failed["03"]
    assert "10_claims.ipynb, code cell 2" in failed["10"]
    assert "died" in failed["10"]
    status = json.loads((project.path / "build" / "smoke" / "status.json").read_text())
    assert status["notebooks"]["00"] == "done"


def test_unknown_commands_notebooks_and_profiles_are_answered_with_the_known_ones(project):
    unknown = project.python("-m", "kaleido", "notebook", "77", "--profile", "smoke")
    assert unknown.returncode == 2
    assert "unknown notebook '77', expected one of 00, 01" in unknown.stderr
    assert "Traceback" not in unknown.stderr
    profile = project.python("-m", "kaleido", "reproduce", "--profile", "huge")
    assert profile.returncode == 2
    assert "smoke" in profile.stderr
    assert not (project.path / "build").exists()


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_committed_notebooks_were_run_top_to_bottom_and_hold_nothing_of_a_machine(path):
    book = nbformat.read(path, as_version=4)
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert set(book.metadata) == {"kernelspec", "language_info"}
    assert all(set(cell.metadata) <= {"tags"} for cell in book.cells)
    text = json.dumps([cell.get("outputs") for cell in cells])
    assert not re.search(r'"/(home|root|work|tmp|Users)/|[A-Z]:\\\\', text)
    assert not [output for cell in cells for output in cell.outputs if output.get("name") == "stderr"]


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_notebooks_are_prose_with_short_cells(path):
    book = nbformat.read(path, as_version=4)
    sources = [cell.source for cell in code_cells(path)]
    tags = [cell.metadata.get("tags", []) for cell in book.cells]
    assert book.cells[0].cell_type == "markdown"
    assert tags.count(["parameters"]) == 1
    assert any('profile = "laptop"' in source for source in sources)
    assert ["nbval-check-output"] in tags
    assert not [source for source in sources if re.search(r"^\s*(def|class) ", source, re.MULTILINE)]
    assert max(len(source.splitlines()) for source in sources) <= 10


def test_every_notebook_has_a_plan_and_every_plan_a_notebook():
    assert [path.name[:2] for path in COMMITTED] == list(kd.NOTEBOOKS)
    assert [notebooks.find(number) for number in kd.NOTEBOOKS] == COMMITTED
