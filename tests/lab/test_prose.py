"""Numbers in a notebook's sentences: an output of the same section shows each, or a verdict, or it is given."""

import json
import re

import nbformat
import pytest
from conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
GIVEN = {  # by cell, what none finds: settings, thresholds, scales, and what an ideal would have
    "00-09": ["0.5"],
    "01-06-then": ["0.001"],
    "01-25": ["0.08"],
    "01-paper-1": ["0.02"],
    "c03-19": ["2.30"],
    "c03-20": ["0.01"],
    "c03-25": ["0.001"],
    "c03-kick": ["0.01", "0.02"],
    "c04-04": ["0.001"],
    "c04-25": ["0.001"],
    "c04-30": ["0.12"],
    "05-22": ["0.25"],
    "06-18": ["0.0001"],
    "08-19": ["0.25"],
    "09-04": ["0.25", "0.5", "0.9", "0.3"],
    "09-08": ["0.05"],
    "11-05": ["0.05"],
    "11-19": ["0.05"],
}
LEVEL = "95 %"  # of intervals
SKIPPED = r"```.*?```|\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|\]\([^)]*\)|arXiv [\d.]+"  # code, formulas, links, sources
INTERVAL = r"(\[-?[\d.]+, -?[\d.]+\])"
NUMBER = r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?(?: %)?"


def numbers(text):
    """The numbers of a text: as written, value, half a unit of the last digit, and whether it is an interval's end."""
    for place, part in enumerate(re.split(INTERVAL, text)):
        for written in re.findall(NUMBER, part):
            digits, _, power = written.removesuffix(" %").replace(",", "").partition("e")
            of = 100 if "%" in written else 1
            half = 0.5 * 10.0 ** (int(power or 0) - len(digits.partition(".")[2])) / of
            yield written, float(f"{digits}e{power or 0}") / of, half, bool(place % 2)


def stated(text):
    """The numbers with a decimal point and the percentages of a Markdown cell."""
    return [number for number in numbers(re.sub(SKIPPED, " ", text, flags=re.DOTALL)) if re.search("[.%]", number[0])]


def printed(output):
    """What an output shows as text; HTML only if it is a table, since animations are HTML, too."""
    data = output.get("data", {})
    table = re.sub("<[^>]*>", " ", data["text/html"]) if "<table" in data.get("text/html", "") else ""
    return " ".join([output.get("text", ""), data.get("text/plain", ""), data.get("text/markdown", ""), table])


def agrees(stated, shown):
    """Whether a number is another one, rounded. A sentence may say "0.3 lower" of -0.3; intervals' ends are apart."""
    (_, value, half, end), (_, other, other_half, other_end) = stated, shown
    near = min(abs(value - other), abs(abs(value) - abs(other)) if value > 0 else 1)
    return end == other_end and near <= half + (other_half if other_half < half else 0) + 1e-9


def unshown(cells):
    """The numbers in a notebook's sentences that no output of their section shows, no verdict, and that are not given.

    A section is what stands under a heading `##`; tables in Markdown are verdicts, and count everywhere.
    """
    section, said, shown = 0, [], []
    for cell in cells:
        if cell.cell_type == "markdown":
            for part in re.split("^(?=## )", cell.source, flags=re.MULTILINE):
                section += part.startswith("## ")
                said += [
                    (section, number) for number in stated(part) if number[0] not in (LEVEL, *GIVEN.get(cell.id, ()))
                ]
        for output in cell.get("outputs", ()):
            everywhere = "text/markdown" in output.get("data", {})
            shown += [(None if everywhere else section, number) for number in numbers(printed(output))]
    return [
        number[0]
        for place, number in said
        if not any(where in (place, None) and agrees(number, other) for where, other in shown)
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_number_in_a_sentence_is_shown_by_a_cell_of_its_section(path):
    assert unshown(nbformat.read(path, as_version=4).cells) == []


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("it is 0.745, so 0.75", []),
        ("it is 0.76", ["0.76"]),
        ("it is 0.3 lower", []),
        ("it is -0.31, not 0.31", []),
        ("12 % of 1,234.5", []),
        ("13 % of 1,235.5", ["13 %", "1,235.5"]),
        ("`0.9`, $0.9$ and [0.4](0.9.md)", ["0.4"]),
        ("1,000 images", []),
        ("it is 0.31\n\n## Next\n\nhere 0.745 is not shown", ["0.745"]),
        ("it is -0.12", ["-0.12"]),
        ("it is 0.2 [0.20, 0.25]", []),
        ("it is 0.25 [0.20, 0.24]", ["0.25", "0.24"]),
    ],
)
def test_a_number_that_no_cell_of_its_section_shows_is_seen(sentence, missing):
    note = nbformat.v4
    data = {"text/html": "<table><td>0.745</td></table>", "text/plain": "-0.31 0.1199 1234.5"}
    shown = note.new_code_cell(outputs=[note.new_output("display_data", data=data)])
    verdict = note.new_code_cell(
        outputs=[note.new_output("display_data", data={"text/markdown": "| 0.2 [0.2, 0.25] |"})]
    )
    assert (
        unshown([verdict, note.new_markdown_cell("## A section"), shown, note.new_markdown_cell(sentence)]) == missing
    )


def test_what_is_given_is_still_said():
    cells = {cell.id: cell for path in NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells}
    for name, given in GIVEN.items():
        assert set(given) <= {number[0] for number in stated(cells[name].source)}, name


def test_a_sentence_that_lists_what_is_not_supported_leaves_none_out():
    entries = json.loads((ROOT / "data" / "record" / "laptop" / "ledger.json").read_text())["claims"]
    missed = {each["claim"] for each in entries if each["family"] == "paper" and each["word"] == "not supported"}
    cells = [cell for path in NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells]
    sentences = [
        each for cell in cells if cell.cell_type == "markdown" for each in re.split(r"(?<=[.!?])\s", cell.source)
    ]
    lists = [each for each in sentences if "of the paper's claims" in each and "not supported" in each]
    assert lists
    for sentence in lists:
        assert set(re.findall(r"\b[CBM]\d\w*", sentence)) == missed, sentence
