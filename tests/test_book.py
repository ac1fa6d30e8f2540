import json
import re

import nbformat
import pytest
from conftest import ROOT


def prose(path):
    """A page as Markdown; of a notebook, its text cells."""
    if path.suffix != ".ipynb":
        return path.read_text()
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def anchors(path):
    """What a page's headings are called in links, as GitHub and the book name them."""
    headings = re.findall(r"^#+ (.*)", re.sub("```.*?```", "", prose(path), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_links_between_pages_lead_to_files_and_headings_that_are_there():
    folders = ["", "book", "notebooks", "data", "figures", "figures/paper"]
    pages = [path for folder in folders for path in (ROOT / folder).iterdir() if path.suffix in {".md", ".ipynb"}]
    links = [
        (page, *link)
        for page in pages
        for link in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)#?([^)\s]*)\)", re.sub("`[^`\n]*`", "", prose(page)))
    ]
    assert len(links) > 100
    leads = {(page.name, to, at): (page.parent / to).resolve() if to else page for page, to, at in links}
    assert [link for link, to in leads.items() if not to.exists()] == []
    assert [link for link, to in leads.items() if link[2] and link[2] not in anchors(to)] == []


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
