import re
import shutil
import subprocess
import sys
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


@pytest.fixture
def checkout(tmp_path):
    """What of the project `make setup` needs, at a path with a space."""
    folder = tmp_path / "my project"
    folder.mkdir()
    for name in ("Makefile", "requirements.lock"):
        (folder / name).write_text((ROOT / name).read_text())
    return folder


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


# a Python of some version, its venv, and the last words of a pip
PYTHON = """[ "$1" = -c ] && exec '{real}' -c 'import sys; sys.version_info = {version}; exec(sys.argv[1])' "$2"
{venv}"""
VENV = "mkdir -p .venv/bin; cp ../pip .venv/bin/pip"
HALF = "mkdir -p .venv/bin; echo 'Error: ensurepip is not available.' >&2; exit 1"
UNREACHED = "Could not fetch URL https://an.index/simple/: connection error"
FULL = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
LACKING = "ERROR: No matching distribution found for torch==2.13.0"


@pytest.mark.parametrize(
    ("version", "venv", "pip", "told"),
    [
        (None, None, None, "Python 3.11 or newer is needed: install it, or name it"),
        ((3, 10, 12), VENV, None, "Python 3.11 or newer is needed: install it, or name it"),
        ((3, 11, 2), HALF, None, "apt install python3-venv"),
        ((3, 11, 2), VENV, UNREACHED, "If it is the network: connect"),
        ((3, 11, 2), VENV, FULL, "If it is the disk: free several GB"),
        ((3, 11, 2), VENV, LACKING, "this Python lacks a package of requirements.lock"),
        ((3, 11, 2), VENV, None, None),
    ],
    ids=["no Python", "old Python", "no venv", "no network", "disk full", "no such torch", "nothing amiss"],
)
def test_a_setup_that_fails_says_in_one_line_what_to_do_and_is_not_taken_for_a_whole_one(
    checkout, tmp_path, version, venv, pip, told
):
    if version:
        script(tmp_path / "tools" / "python3", PYTHON.format(real=sys.executable, version=version, venv=venv))
    script(tmp_path / "pip", f'echo "{pip}" >&2; exit 1' if pip else "exit 0")
    for name in ("mkdir", "cp", "touch"):
        script(tmp_path / "tools" / name, f'exec {shutil.which(name)} "$@"')
    places = {"PATH": str(tmp_path / "tools")}
    done = subprocess.run([shutil.which("make"), "setup"], cwd=checkout, env=places, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert done.returncode == (2 if told else 0)
    assert (checkout / ".venv" / ".ready").exists() == (not told)
    assert not told or told in lines[-1]
    assert lines[:-1] == [pip] if pip else len(lines) <= 2  # its own words stay above


def test_make_lab_opens_a_checkout_whose_path_has_a_space(checkout):
    script(checkout / ".venv" / "bin" / "jupyter", 'for argument; do echo "[$argument]"; done')
    (checkout / ".venv" / ".ready").touch()
    said = subprocess.run(["make", "-s", "lab"], cwd=checkout, capture_output=True, text=True).stdout
    assert f"[--ServerApp.root_dir={checkout}]" in said.splitlines()
