import re
import subprocess
import tomllib

import pandas as pd
import pytest
from conftest import ROOT
from packaging.requirements import Requirement

import kaleido as kd
from kaleido.chapters import CHAPTERS
from kaleido.chapters.claims.answer import answer
from kaleido.lab.ledger import WORDS, claims_of, endpoints, findings, read_ledger

CLAIMS = claims_of(CHAPTERS)
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
    (table,) = re.findall("<!-- findings: .*? -->\n(.*)\n<!-- end of findings -->", readme, re.DOTALL)
    entries = read_ledger(ROOT / "data" / "record" / "laptop" / "ledger.json")
    assert table.strip() == findings(entries, small=False)
    (said,) = re.findall("<!-- answer: .*? -->\n(.*)\n<!-- end of answer -->", readme, re.DOTALL)
    assert said.strip() == answer(entries)
    assert {entry["word"] for entry in entries} <= set(WORDS)
    assert [entry["claim"] for entry in entries] == list(CLAIMS)


def test_the_endpoints_of_decided_claims_are_those_of_the_record():
    path = ROOT / "data" / "record" / "paper" / "endpoints.csv"
    assert path.read_text() == endpoints(CHAPTERS)
    table = pd.read_csv(path)
    decided = [entry for entry in read_ledger(ROOT / "data" / "record" / "laptop" / "ledger.json") if entry["mean"]]
    assert list(table["claim"].unique()) == [entry["claim"] for entry in decided]
    for entry in decided:
        values = table[table["claim"] == entry["claim"]]["value"]
        assert (len(values), values.mean()) == (entry["seeds"], pytest.approx(entry["mean"], rel=1e-5))


def test_the_claims_page_has_every_claim():
    page = (ROOT / "book" / "claims.md").read_text()
    assert not [claim for claim in CLAIMS if not re.search(rf"\b{claim}\b", page)]


def test_all_that_the_package_names_is_there():
    assert all(hasattr(kd, name) for name in kd.__all__)
    assert all(getattr(kd, name).__doc__ for name in kd.__all__ if callable(getattr(kd, name)))


def test_make_lab_opens_a_checkout_whose_path_has_a_space(tmp_path):
    checkout = tmp_path / "my project"
    (checkout / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock"):
        (checkout / name).write_text((ROOT / name).read_text())
    (checkout / ".venv" / ".ready").touch()
    jupyter = checkout / ".venv" / "bin" / "jupyter"
    jupyter.write_text('#!/bin/sh\nfor argument; do echo "[$argument]"; done\n')
    jupyter.chmod(0o755)
    said = subprocess.run(["make", "-s", "lab"], cwd=checkout, capture_output=True, text=True).stdout
    assert f"[--ServerApp.root_dir={checkout}]" in said.splitlines()
