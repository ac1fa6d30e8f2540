import sys

import pytest

from kaleido.tools.reach import reached

FILES = {
    "__init__.py": "EVERYTHING = 1",
    "home.py": '''"""A docstring."""
import little.plain
from little import module as other
from little.names import NUMBER, missing
from . import beside
from .inner.deep import f


def late():
    # a comment
    from .inner import later
    import math, torch
''',
    "plain.py": "from little import home",  # a circle
    "module.py": "import little.beyond",
    "names.py": "NUMBER = 42",
    "beside.py": "SIDE = 1",
    "beyond.py": "SIDE = 2",
    "sibling.py": "from little import home",
    "inner/__init__.py": "from . import unasked",
    "inner/deep.py": "from ..names import NUMBER\nfrom ..up import f",
    "inner/later.py": "SIDE = 3",
    "inner/unasked.py": "SIDE = 4",
    "up.py": "def f():\n    return 1",
}


@pytest.fixture
def little(tmp_path, monkeypatch):
    """A package of its own, whose modules import one another in every way."""
    for name, source in FILES.items():
        path = tmp_path / "little" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "little"]:
        del sys.modules[name]


def test_a_module_reaches_what_its_imports_lead_to_and_nothing_beside(little):
    found = reached("little.home")
    imported = {"plain", "module", "names", "beside", "inner.deep", "inner.later"}
    assert set(found) == {"little.home", *(f"little.{name}" for name in imported | {"beyond", "up"})}
    assert found["little.names"] == "NUMBER = 42"
    assert "docstring" not in found["little.home"]
    assert "comment" not in found["little.home"]
    assert list(found) == sorted(found)
    assert set(reached("little.sibling")) == set(found) | {"little.sibling"}


def test_what_is_not_followed_leads_nowhere(little):
    found = reached("little.home", lambda name: name not in ("little.module", "little.inner.deep"))
    assert set(found) == {f"little.{name}" for name in ("home", "plain", "names", "beside", "inner.later")}


def test_a_package_is_its_init_where_that_is_asked_for(little):
    assert set(reached("little")) == {"little"}
    assert set(reached("little.inner")) == {"little.inner", "little.inner.unasked"}


def test_of_this_package_a_study_reaches_its_measures_and_nothing_of_the_sweep():
    found = set(reached("kaleido.chapters.kaleidoscope.study"))
    assert found >= {f"kaleido.{name}" for name in ("measures.quality", "chapters.common", "sampling", "data.sets")}
    assert not found & {f"kaleido.{name}" for name in ("lab.notebooks", "lab.sweep", "lab.ledger", "learning")}
    studies = {name for name in found if name.endswith((".study", ".figures", ".claims"))}
    assert studies == {"kaleido.chapters.kaleidoscope.study"}


def test_code_is_that_which_the_process_has_imported(tmp_path, edited):
    before = reached("kaleido.sampling")
    edited("kaleido.measures.quality")
    assert reached("kaleido.sampling") == before
    edited("kaleido.tools.seeds", "MORE = 2")
    after = reached("kaleido.sampling")
    assert {name for name in after if after[name] != before[name]} == {"kaleido.tools.seeds"}
    assert after["kaleido.tools.seeds"].endswith("MORE = 2")
