import re

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
