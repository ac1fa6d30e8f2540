import ast
import re
import subprocess
import tomllib
from fnmatch import fnmatch

import pytest
from conftest import ROOT
from packaging.requirements import Requirement

import kaleido as kd
from kaleido import notebooks
from kaleido.claims import CLAIMS
from kaleido.ledger import WORDS, read_ledger

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ASKED = [
    Requirement(line)
    for lines in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in lines
    if not line.startswith(PROJECT["name"])  # one of its own extras
]
LOCKED = dict(
    line.lower().split("==")
    for line in (ROOT / "requirements.lock").read_text().split()
    if re.match(r"[\w.-]+==", line)
)


@pytest.mark.parametrize("requirement", ASKED, ids=lambda requirement: requirement.name)
def test_what_is_asked_for_is_locked(requirement):
    assert requirement.specifier.contains(LOCKED[requirement.name.lower()], prereleases=True)


def test_the_lock_is_exact_and_fits_every_machine():
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.!]+", line) for line in lines)
    assert LOCKED["torch"] == "2.13.0"


def test_each_dependency_has_its_reason_beside_it():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    for requirement in ASKED:
        (line,) = [line for line in lines if re.match(rf'\s*"{requirement.name}[><=]', line)]
        assert len(line.split("#")[1].strip()) > 3


def test_the_conda_environment_has_no_list_of_its_own():
    text = (ROOT / "environment.yml").read_text()
    assert re.findall(r"^ +- (.*?)(?: #.*)?$", text, re.MULTILINE) == [
        "python=3.11", "pip", "make", "pip:", "-r requirements.lock", "-e .",
    ]  # fmt: skip


def test_make_alone_lists_every_command():
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert sorted(line.split()[0] for line in listed.splitlines()) == sorted(phony)


def test_the_readmes_findings_are_those_of_the_record():
    readme = (ROOT / "README.md").read_text()
    table = readme.split(notebooks.BEGIN)[1].split(notebooks.END)[0]
    entries = read_ledger(ROOT / "data" / "record" / "laptop" / "ledger.json")
    assert table.strip() == kd.findings(entries)
    assert {entry["word"] for entry in entries} <= set(WORDS)
    assert [entry["claim"] for entry in entries] == list(CLAIMS)


def test_the_claims_page_has_every_claim():
    page = (ROOT / "book" / "claims.md").read_text()
    assert not [claim for claim in CLAIMS if not re.search(rf"\b{claim}\b", page)]


def test_all_that_the_package_names_is_there():
    assert all(hasattr(kd, name) for name in kd.__all__)
    assert all(getattr(kd, name).__doc__ for name in kd.__all__ if callable(getattr(kd, name)))


def test_modules_import_only_what_contributing_says():
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "CONTRIBUTING.md").read_text().split("## A claim")[0], re.MULTILINE)
    names = {path.stem for path in (ROOT / "kaleido").glob("*.py")} - {"__init__"}
    listed = [
        {name for said in re.findall(r"`(.*?)`", row) for name in names if fnmatch(name, said)} for row in rows
    ]  # a name may be a pattern
    place = {name: i for i, row in enumerate(listed) for name in row}
    assert set(place) == names
    for name in names:
        tree = ast.parse((ROOT / "kaleido" / f"{name}.py").read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "kaleido":
                imported = [node.module.partition(".")[2]] if "." in node.module else [a.name for a in node.names]
                assert not [other for other in imported if place[other] > place[name]], (name, imported)
