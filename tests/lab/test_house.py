"""Which rooms of the package know of which: its import statements, read from the files."""

import ast
import re
import shutil
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name

import pytest
from conftest import ROOT

FLOORS = [  # a room knows of its own floor and of those before it
    ("tools",),
    ("data",),
    ("networks", "learning", "gradients", "saved", "sampling"),
    ("measures",),
    ("lab",),
    ("chapters",),
    ("__main__",),
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FACADE = FLOOR["lab"]  # the floor of kaleido/__init__.py, which shows orbits
ASK_AGAIN = ("own_data", "claims")  # chapters that ask the questions of others again


def imports(folder):
    """The modules of a package's folder, and for each the package's modules that its import statements name."""
    files = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {module: {name for name in _named(module, path, files) if name in files} for module, path in files.items()}


def _named(module, path, files):
    holder = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), holder)
            inner = [f"{base}.{alias.name}" for alias in node.names]
            yield from (name if name in files else base for name in inner)


def violations(folder):
    """What a package's import statements do that they should not, a sentence each."""
    known = imports(folder)
    wrong = []
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        wrong.append("a circle: " + " <- ".join(error.args[1]))
    for module, named in sorted(known.items()):
        wrong += [f"{module} imports {other}" for other in sorted(named) if not _may(module, other, folder)]
    return wrong


def _may(module, other, folder):
    (room, *inner), (asked, *theirs) = _place(module), _place(other)
    if FLOOR.get(asked, FACADE) > FLOOR.get(room, FACADE):
        return False
    if room == asked == "chapters" and inner and theirs:
        mine, chapter = inner[0], theirs[0]
        foreign = (folder / "chapters" / chapter).is_dir() and chapter != mine  # what is no folder, all chapters share
        return not foreign or theirs[1:] == ["cells"] or mine in ASK_AGAIN
    return True


def _place(module):
    """Room, and names within it; the package itself is a place without a room."""
    return module.split(".")[1:] or [""]


def test_every_room_has_its_floor():
    paths = [path for path in (ROOT / "kaleido").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    assert {path.stem for path in paths} - {"__init__"} == set(FLOOR)


def test_contributing_lists_the_rooms_each_before_those_that_it_knows_of():
    text = (ROOT / "CONTRIBUTING.md").read_text().split("## A claim")[0]
    rows = [re.findall("`(.*?)`", row) for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)]
    rooms = [[name.rstrip("/").removesuffix(".py") for name in row] for row in rows]
    assert {frozenset(row) for row in rooms} == {frozenset(floor) for floor in FLOORS} - {frozenset(["__main__"])}
    floors = [FLOOR[row[0]] for row in rooms]
    assert floors == sorted(floors, reverse=True)


def test_the_package_keeps_to_its_rooms():
    known = imports(ROOT / "kaleido")
    assert known["kaleido.lab.sweep"] >= {"kaleido.lab.cell", "kaleido.tools.files", "kaleido.learning"}
    assert "kaleido.chapters.depth" in known["kaleido.chapters"]
    assert violations(ROOT / "kaleido") == []


def with_line(folder, module, line):
    """A copy of the package, with one more line in a module."""
    copy = shutil.copytree(ROOT / "kaleido", folder / "kaleido", ignore=shutil.ignore_patterns("__pycache__"))
    path = copy / f"{module}.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n")
    return copy


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("tools/seeds", "from kaleido.tools import roots, exact"),
        ("lab/cell", "from ..data.sets import load"),
        ("chapters/depth/study", "import kaleido.chapters.tour.cells"),
        ("chapters/claims/__init__", "from kaleido.chapters.depth import figures"),
    ],
)
def test_an_import_of_the_right_room_is_let_pass(tmp_path, module, line):
    assert violations(with_line(tmp_path, module, line)) == []


@pytest.mark.parametrize(
    ("module", "line", "told"),
    [
        ("tools/files", "from kaleido.tools.exact import on", "a circle: "),
        ("measures/quality", "import kaleido", "a circle: "),
        ("chapters/depth/cells", "from . import CHAPTER", "a circle: "),
        ("lab/cell", "from kaleido.chapters import common", "kaleido.lab.cell imports kaleido.chapters.common"),
        ("__init__", "from .chapters import CHAPTERS", "kaleido imports kaleido.chapters"),
        ("learning", "from kaleido.lab import statistics", "kaleido.learning imports kaleido.lab.statistics"),
        ("measures/quality", "import kaleido.lab.cell", "kaleido.measures.quality imports kaleido.lab.cell"),
        ("learning", "from kaleido.measures import quality", "kaleido.learning imports kaleido.measures.quality"),
        ("data/inputs", "from kaleido.sampling import sample", "kaleido.data.inputs imports kaleido.sampling"),
        ("tools/seeds", "from ..data import sets", "kaleido.tools.seeds imports kaleido.data.sets"),
        (
            "chapters/depth/figures",
            "from kaleido.chapters.tour.study import turning",
            "kaleido.chapters.depth.figures imports kaleido.chapters.tour.study",
        ),
        (
            "chapters/depth/study",
            "def late():\n    from ..tour import figures",
            "kaleido.chapters.depth.study imports kaleido.chapters.tour.figures",
        ),
        (
            "chapters/depth/cells",
            "from kaleido.chapters import tour",
            "kaleido.chapters.depth.cells imports kaleido.chapters.tour",
        ),
        (
            "chapters/common",
            "from kaleido.chapters.tour import study",
            "kaleido.chapters.common imports kaleido.chapters.tour.study",
        ),
    ],
)
def test_an_import_of_the_wrong_room_is_seen(tmp_path, module, line, told):
    said = violations(with_line(tmp_path, module, line))
    assert [sentence.startswith(told) for sentence in said].count(True) == 1
