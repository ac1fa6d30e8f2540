import json
import re

import pytest
from conftest import ROOT


def test_every_paper_that_the_code_cites_is_in_the_bibliography():
    known = set(re.findall(r"eprint = {(\d{4}\.\d{5})}", (ROOT / "book" / "references.bib").read_text()))
    cited = {}
    for path in [
        *(ROOT / "kaleido").rglob("*.py"),
        *(ROOT / "notebooks").glob("*.ipynb"),
        *(ROOT / "book").glob("*.md"),
    ]:
        for number in re.findall(r"arXiv[:, ]+(\d{4}\.\d{5})", path.read_text()):
            cited.setdefault(number, path.name)
    assert len(cited) > 15
    assert {number: where for number, where in cited.items() if number not in known} == {}


@pytest.mark.parametrize(("benchmark", "results", "mark"), [("bench", "results", "speed"), ("bf16", "bf16", "bf16")])
def test_the_tables_on_speed_are_those_of_the_committed_measurements(monkeypatch, benchmark, results, mark):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    measured = json.loads((ROOT / "benchmarks" / f"{results}.json").read_text())
    page = (ROOT / "book" / "speed.md").read_text()
    shown = page.partition(f"<!-- {mark} -->\n")[2].partition(f"<!-- /{mark} -->\n")[0]
    assert shown == __import__(benchmark).table(measured)
