import json
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pandas as pd
import pytest
from conftest import ROOT
from filelock import FileLock

from kaleido.__main__ import main
from kaleido.chapters import CHAPTERS
from kaleido.lab import notebooks, recording
from kaleido.lab.drawing import manifest
from kaleido.lab.ledger import claims_of
from kaleido.tools import files

NUMBERS = [chapter.number for chapter in CHAPTERS]
COMMITTED = sorted((ROOT / "notebooks").glob("*.ipynb"))


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The whole of `make reproduce EXACT=1` in the smoke profile, from an empty cache: once for all who test it."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    folder, told = shared / "whole-smoke", shared / "whole-smoke.json"
    command = [sys.executable, "-m", "kaleido", "reproduce", "--profile", "smoke", "--exact"]
    with FileLock(shared / "whole-smoke.lock"):
        if not told.exists():
            places = os.environ | {"KALEIDO_BUILD": str(folder)}
            done = subprocess.run(command, env=places, capture_output=True, text=True)
            told.write_text(json.dumps([done.returncode, done.stdout, done.stderr]))
    return folder / "smoke", subprocess.CompletedProcess(command, *json.loads(told.read_text()))


@pytest.mark.long
def test_every_notebook_runs_through_papermill_in_the_smoke_profile(smoke):
    folder, done = smoke
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "status.json").read_text())["notebooks"] == dict.fromkeys(NUMBERS, "done")
    for path in COMMITTED:
        executed = code_cells(folder / "notebooks" / path.name)
        assert all(cell.execution_count for cell in executed)
        assert any('profile = "smoke"' in cell.source for cell in executed)


@pytest.mark.long
def test_a_reproduction_leaves_evidence_figures_and_a_ledger(smoke):
    folder, done = smoke
    tables = {path.stem for path in (folder / "evidence").glob("*.csv")}
    assert tables == {chapter.number for chapter in CHAPTERS if chapter.cells("smoke")}
    assert set(manifest(folder / "figures")) == {drawing.name for chapter in CHAPTERS for drawing in chapter.figures}
    assert "C1" in done.stdout
    assert "no record of the smoke profile" in done.stdout
    assert len(json.loads((folder / "ledger.json").read_text())["claims"]) == len(claims_of(CHAPTERS))


@pytest.mark.long
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
from kaleido.lab import notebooks
from kaleido.lab.chapter import Chapter
notebooks.MINUTES["smoke"] = 0.5  # a busy machine needs some seconds for the first cell
chapters = [Chapter(number, "of no cells") for number in ("00", "01", "03", "10")]
print(json.dumps(notebooks.run(chapters, "smoke")))
"""
    done = project.python("-c", script)
    failed = json.loads(done.stdout)
    assert sorted(failed) == ["01", "03", "10"], failed
    assert "01_over_generalization.ipynb, code cell 2: ZeroDivisionError: division by zero" in failed["01"]
    assert "# the culprit" in failed["01"]
    assert "03_mnist_kaleidoscope.ipynb, code cell 2: stopped after 0.5 minutes" in failed["03"]
    assert "10_claims.ipynb, code cell 2" in failed["10"]
    assert "died" in failed["10"]
    status = json.loads((project.path / "build" / "smoke" / "status.json").read_text())
    assert status["notebooks"]["00"] == "done"


def command(build, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "kaleido", *arguments],
        env=os.environ | {"KALEIDO_BUILD": str(build)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.long
def test_a_sweep_of_ones_own_has_a_folder_of_its_own_and_no_record(tmp_path):
    done = command(tmp_path, "notebook", "04", "--profile", "smoke", "--with", "depths=[1,4,20]")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "smoke" / "with-depths-1-4-20"
    assert f"evidence and figures of this sweep lie in {folder}, and are compared with no record" in done.stdout
    table = pd.read_csv(folder / "evidence" / "04.csv")
    assert set(table["depth"]) == {1, 4, 20}
    assert set(table["data"]) == {"digits", "mnist5k", "points1d", "points2d"}
    assert "04_over_generalization" in manifest(folder / "figures")
    (path,) = (folder / "notebooks").glob("*.ipynb")
    said = [output.text for cell in code_cells(path) for output in cell.outputs if output.output_type == "stream"]
    assert "a sweep of your own, under with-depths-1-4-20: it is compared with no record\n" in said
    assert [path.name for path in (tmp_path / "smoke").iterdir()] == [folder.name]  # nothing among what is as planned


def test_a_parameter_that_a_notebook_does_not_have_is_answered_with_those_that_it_has(build, capsys):
    for number, change, told in (
        ("04", "widths=[1]", "notebook 04 has the parameters depths, layers, not {'widths': '[1]'}"),
        ("10", "depths=[1]", "notebook 10 has the parameters profile alone"),
        ("04", "depths=[0]", "a depth is 0"),
    ):
        assert main(["notebook", number, "--profile", "smoke", "--with", change]) == 2
        assert f"error: {told}" in capsys.readouterr().err
    assert not build.exists()


def test_unknown_commands_notebooks_and_profiles_are_answered_with_the_known_ones(build, capsys):
    assert main(["notebook", "77", "--profile", "smoke"]) == 2
    assert "unknown notebook '77', expected one of 00, 01" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["reproduce", "--profile", "huge"])
    assert "smoke" in capsys.readouterr().err
    assert not build.exists()


def test_what_was_recorded_before_an_interruption_is_in_the_table_of_endpoints(build, monkeypatch):
    def interrupted(chosen, profile):
        shutil.copytree(ROOT / "data" / "record" / "paper", files.record_folder() / "paper")
        (files.record_folder() / "paper" / "endpoints.csv").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(recording, "extend", interrupted)
    assert main(["extend", "11", "--profile", "paper"]) == 130
    found = (files.record_folder() / "paper" / "endpoints.csv").read_text()
    assert found == (ROOT / "data" / "record" / "paper" / "endpoints.csv").read_text()


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
    assert [path.name[:2] for path in COMMITTED] == NUMBERS
    assert [notebooks.find(number) for number in NUMBERS] == COMMITTED


def test_a_kernel_of_the_same_name_that_comes_before_ours_is_not_taken(tmp_path, monkeypatch, build):
    foreign = tmp_path / "jupyter" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    spec = {"argv": ["/bin/false", "{connection_file}"], "display_name": "Python 3", "language": "python"}
    (foreign / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import sys; print(sys.prefix)")])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, tmp_path / "10_mine.ipynb")
    (chapter,) = [chapter for chapter in CHAPTERS if chapter.number == "10"]
    assert notebooks.run([chapter], "smoke", folder=tmp_path) == {}
    (cell,) = [cell for cell in code_cells(build / "smoke" / "notebooks" / "10_mine.ipynb") if "sys" in cell.source]
    assert cell.outputs[0].text.strip() == sys.prefix


def test_a_parameter_that_is_typed_as_text_reaches_the_notebook_as_what_it_means(tmp_path, build):
    note = nbformat.v4
    parameters = note.new_code_cell('profile = "laptop"\ndepth = 6', metadata={"tags": ["parameters"]})
    book = note.new_notebook(cells=[parameters, note.new_code_cell("print(depth + 1, profile)")])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, tmp_path / "10_mine.ipynb")
    (chapter,) = [chapter for chapter in CHAPTERS if chapter.number == "10"]
    assert notebooks.run([chapter], "smoke", changes={"depth": "3"}, folder=tmp_path) == {}
    *_, cell = code_cells(build / "smoke" / "with-depth-3" / "notebooks" / "10_mine.ipynb")
    assert cell.outputs[0].text == "4 smoke\n"


def test_what_a_kernel_sends_in_pieces_is_committed_in_one():
    def printed(text, name="stdout"):
        return nbformat.v4.new_output("stream", text=text, name=name)

    shown = nbformat.v4.new_output("display_data", data={"text/plain": "a figure"})
    warned = printed("a warning\n", "stderr")
    sent = [printed("the numbers agree"), printed("\n"), warned, shown, printed("after it\n")]
    pieces = notebooks.joined(sent)
    assert [piece.get("text") for piece in pieces] == ["the numbers agree\n", "a warning\n", None, "after it\n"]
