"""The ledger: every claim judged from the record of the published settings, with small networks beside it.

Holm's correction needs all claims of a family, so everything here is handed all chapters.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown

from kaleido.lab.chapter import Chapter
from kaleido.lab.endpoint import FAMILIES, Endpoint, NotMeasured
from kaleido.lab.evidence import IN_WORDS, KEY, Evidence, compare, read_evidence, recorded
from kaleido.lab.statistics import holm, in_words, interval, p_value
from kaleido.tools import exact, files

__all__ = [
    "ELSEWHERE", "LEVEL", "WORDS", "Verdict", "again", "agreement", "agrees", "answer", "beside", "changed", "check",
    "claims_of", "deciders", "endpoints", "findings", "judge", "ledger", "moved", "number", "read_ledger",
    "recorded_here", "settle", "sides", "table", "word",
]  # fmt: skip

WORDS = ("supported", "not supported", "inconclusive", "not run")
LEVEL = 0.05
ELSEWHERE = 0.95  # share of a notebook's numbers that must agree on another machine than the record's
PAPER = "paper"  # the profile that decides
UNRUN = "not run yet"
ASKED = {"<": "less than", "≤": "at most", ">": "more than", "≥": "at least"}


@dataclass(frozen=True)
class Verdict:
    """A claim's word, and the numbers that it rests on: the mean over seeds, its 95 % interval, p after correction."""

    claim: str
    word: str
    reason: str
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    seeds: int = 0
    also: dict[str, float] = field(default_factory=dict)  # guards that lie on the claimed side, too: their means


def claims_of(chapters: Sequence[Chapter]) -> dict[str, Endpoint]:
    """Returns the claims of all chapters by name: the paper's in the order of their names, then ours."""
    every = {name: claim for chapter in chapters for name, claim in chapter.claims.items()}
    order = list(FAMILIES)
    return dict(
        sorted(every.items(), key=lambda item: (order.index(item[1].family), item[0] * (item[1].family == "paper")))
    )


def word(claim: Endpoint, mean: float, p: float) -> str:
    """Returns the word for a mean over seeds and its corrected p."""
    if p >= LEVEL:
        return "inconclusive"
    return "supported" if claim.on_claimed_side(mean) else "not supported"


def judge(chapters: Sequence[Chapter], source: dict[str, Evidence] | None = None) -> dict[str, Verdict]:
    """Judges every claim.

    Arguments:
        chapters: All chapters.
        source: Evidence by notebook; by default the record of the published settings.
    """
    claims, there = claims_of(chapters), _record(chapters) if source is None else source
    evidence = {name: there.get(chapter.number) for chapter in chapters for name in chapter.claims}
    verdicts = settle(claims, {name: _measured(claim, evidence[name]) for name, claim in claims.items()})
    for name, verdict in verdicts.items():
        if verdict.word != "not run":
            claim, found = claims[name], evidence[name]
            also = _guards(claim, found) if verdict.word == "supported" else {}
            verdicts[name] = replace(verdict, reason=claim.remark(found, claim.data), also=also)
    return verdicts


def settle(claims: dict[str, Endpoint], found: dict[str, np.ndarray | str]) -> dict[str, Verdict]:
    """Returns each claim's verdict, each family corrected by Holm's method; what was not run counts there as p = 1.

    Arguments:
        claims: The claims by name, each of a family.
        found: A claim's numbers, one per seed, or why it was not run.
    """
    verdicts = {}
    for each in FAMILIES:
        family = [name for name, claim in claims.items() if claim.family == each]
        raw = [1.0 if isinstance(found[name], str) else p_value(found[name], claims[name].threshold) for name in family]
        for name, p in zip(family, holm(raw), strict=True):
            if isinstance(found[name], str):
                verdicts[name] = Verdict(name, "not run", found[name])
                continue
            mean, low, high = interval(found[name])
            said = word(claims[name], mean, p)
            verdicts[name] = Verdict(name, said, "", mean, _number(low), _number(high), float(p), len(found[name]))
    return verdicts


def _record(chapters: Sequence[Chapter]) -> dict[str, Evidence]:
    there = {}
    for chapter in chapters:
        if chapter.claims:
            try:
                there[chapter.number] = recorded(chapter.number, PAPER)
            except FileNotFoundError:
                continue
    return there


def _measured(claim: Endpoint, found: Evidence | None) -> np.ndarray | str:
    """A claim's numbers, one per seed; or why there are none, or not all that were planned."""
    if found is None:
        return UNRUN
    try:
        seeds = claim.seeds(found, claim.data)
    except NotMeasured as error:
        return UNRUN if "has 0 rows" in str(error) else str(error)
    if len(seeds) != claim.planned:
        return f"{len(seeds)} of {claim.planned} planned seeds are there"
    return seeds


def _guards(claim: Endpoint, found: Evidence) -> dict[str, float]:
    """Trivial maps and samples that reach the threshold: their mean does, and so does the interval of several seeds."""
    guards = {name: seeds for name, seeds in claim.guards(found, claim.data).items() if len(seeds)}
    return {name: float(seeds.mean()) for name, seeds in guards.items() if claim.side_of(seeds) == "claimed side"}


def sides(claim: Endpoint, found: Evidence) -> dict[str, tuple[float, str]]:
    """Returns where a claim's number lies on small networks, by data set: the mean, and in words with its side."""
    said = {}
    for data in claim.small:
        try:
            seeds = claim.seeds(found, data)
        except NotMeasured:
            continue
        mean, low, high = interval(seeds)
        said[data] = mean, f"`{data}`: {in_words(mean, low, high)}, {claim.side_of(seeds)}"
    return said


def ledger(chapters: Sequence[Chapter], profile: str) -> list[dict]:
    """Judges every claim, and writes `ledger.json` under the build folder: an entry per claim, see `findings`."""
    small = {}
    for chapter in chapters:
        try:
            small[chapter.number] = read_evidence(files.build_folder(profile) / "evidence", chapter.number, profile)
        except FileNotFoundError:
            continue
    entries = _entries(chapters, judge(chapters), small)
    content = {"profile": profile, "machine": exact.machine(), "claims": entries}
    files.write(files.build_folder(profile) / "ledger.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return entries


def _entries(chapters: Sequence[Chapter], verdicts: dict[str, Verdict], small: dict[str, Evidence]) -> list[dict]:
    """Verdicts of chapters with their claims in words, and with small networks where there is evidence of them."""
    entries = {}
    for chapter in chapters:
        extended = _extended(chapter)
        for name, claim in chapter.claims.items():
            about = {key: getattr(claim, key) for key in ("text", "measured", "data", "family")}
            about |= {"notebook": chapter.number, "figure": claim.figure.name}
            about["figure is small"] = claim.figure.profile != PAPER
            found = extended if claim.extended else small.get(chapter.number)
            beside = sides(claim, found) if found else {}
            about |= {"threshold": _bound(claim), "small": [said for _, said in beside.values()]}
            about["small means"] = {data: mean for data, (mean, _) in beside.items()}
            entries[name] = asdict(verdicts[name]) | about
    return [entries[name] for name in verdicts if name in entries]


def _extended(chapter: Chapter) -> Evidence | None:
    try:
        return recorded(chapter.number, "extended")
    except FileNotFoundError:
        return None


def _bound(claim: Endpoint) -> str:
    return f"{claim.side} {claim.threshold:g}"


def read_ledger(path: Path) -> list[dict]:
    """Reads the entries of a ledger, one per claim.

    Raises:
        FileNotFoundError: If it is not there.
    """
    return json.loads(Path(path).read_text(encoding="utf-8"))["claims"]


def table(chapters: Sequence[Chapter], found: Evidence) -> Markdown:
    """Returns the claims of a notebook as a table to read, see `findings`; small networks from its evidence."""
    entries = _entries([_chapter(chapters, found.notebook)], judge(chapters), {found.notebook: found})
    return Markdown(_rows(entries, "../"))


def answer(chapters: Sequence[Chapter], notebook: str) -> Markdown:
    """Returns a notebook's final verdicts in sentences, to stand at its beginning."""
    entries = _entries([_chapter(chapters, notebook)], judge(chapters), {})
    return Markdown("\n".join(f"- {_sentence(entry)}" for entry in entries))


def _sentence(entry: dict) -> str:
    said = f"**{entry['text']}: {entry['word']}** ({entry['claim']})."
    side, _, threshold = entry["threshold"].partition(" ")
    direction = threshold == "0" and entry["family"] == "paper"  # the paper names no other threshold
    asked = f"{'the claim says' if direction else 'we ask for'} {ASKED[side]} {threshold}"
    measured, where = entry["measured"][0].upper() + entry["measured"][1:], _set(entry)
    if entry["mean"] is None:
        why = "The runs that decide it have not been made" if entry["reason"] == UNRUN else entry["reason"].capitalize()
        return f"{said} {measured}, on {where}; {asked}. {why}."
    also = f" Something trivial reaches it too: {_also(entry)}." if entry["also"] else ""
    remark = f" The change with depth is {entry['reason']}." if entry["reason"] else ""
    return f"{said} {measured} is {number(entry)} on {where}, {entry['seeds']} seeds; {asked}.{also}{remark}"


def endpoints(chapters: Sequence[Chapter]) -> str:
    """Returns the number of every claim that was decided, one row a seed, as a table that any script can read.

    Its columns are the claim, its text, what was measured, the data set, the threshold with its side, the word, p after
    correction, the seed, and its value to seven digits.
    """
    there, verdicts = _record(chapters), judge(chapters)
    notebook = {name: chapter.number for chapter in chapters for name in chapter.claims}
    rows = []
    for name, claim in claims_of(chapters).items():
        if verdicts[name].word != "not run":
            about = {"claim": name, "text": claim.text, "measured": claim.measured, "data": claim.data}
            about |= {"side": claim.side, "threshold": claim.threshold, "word": verdicts[name].word}
            about["p"] = verdicts[name].p
            values = claim.seeds(there[notebook[name]], claim.data)
            rows += [about | {"seed": claim.first + i, "value": value} for i, value in enumerate(values)]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n", float_format="%.7g")


def beside(chapters: Sequence[Chapter]) -> Markdown:
    """Returns all that was recorded with the decided claims, on their data: blocks to unfold, each with a table.

    A number is a mean over seeds with its 95 % interval; where it was taken of one seed alone it stands without one.
    Claims on the same quantity, such as C2a and C2m, share their rows and so their block.
    """
    there, verdicts, blocks = _record(chapters), judge(chapters), {}
    notebook = {name: chapter.number for chapter in chapters for name in chapter.claims}
    for name, claim in claims_of(chapters).items():
        if verdicts[name].word != "not run":
            about = there[notebook[name]], re.match(r"[A-Z]\d+", name)[0], claim.data
            blocks.setdefault(about, []).append(f"{name}: {claim.text}")
    return Markdown("\n\n".join(_block(names, *_beside(*about)) for about, names in blocks.items()))


def _block(names: list[str], shared: str, table: pd.DataFrame) -> str:
    head = f"<details><summary>{'<br>'.join(names)}</summary>"
    return "\n\n".join([head, f"{shared}:", _lines(table), "</details>"])


def _beside(found: Evidence, claim: str, data: str) -> tuple[str, pd.DataFrame]:
    """What a claim's rows have in common, and their numbers: quantities by the rest, the fewer of both as columns."""
    rows = found.table[found.table["claim"] == claim]
    rows = rows[rows["data"].str.partition("-")[0] == data]  # of the sets of points, all
    rows = rows.drop_duplicates(KEY, keep="last")  # a mean stands after the seeds that it is of
    words = {"data": "{}", "depth": "depth {}", "width": "width {}", "condition": "{}", "run": "run {}"}
    differ = {name for name in words if rows[name].nunique() > 1}
    said = {}
    for row in rows.to_dict("records"):
        row |= {name: IN_WORDS.get(row[name], row[name]) for name in ("data", "architecture", "quantity")}
        of = [words[name].format(row[name]) for name in words if name in differ and not pd.isna(row[name])]
        numbers = said.setdefault(", ".join([row["architecture"], *of]), {})
        numbers[row["quantity"]] = in_words(row["value"], row["low"], row["high"], digits=3)
    table = pd.DataFrame(said).fillna("")
    shared = {name: rows[name].dropna().iloc[0] for name in words if rows[name].nunique() == 1}
    told = [words[name].format(IN_WORDS.get(value, value)) for name, value in shared.items()]
    return ", ".join(told), table.T if table.shape[1] > table.shape[0] else table


def _lines(table: pd.DataFrame) -> str:
    """A table in Markdown."""
    heads = ["", *table.columns]
    rows = [[name, *values] for name, values in zip(table.index, table.to_numpy(), strict=True)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, ["---"] * len(heads), *rows])


def check(chapters: Sequence[Chapter], found: Evidence) -> None:
    """Prints whether a notebook's verdicts and numbers stand by the record: the same words wherever they do."""
    if found.place != files.build_folder(found.profile):
        print(f"a sweep of your own, under {found.place.name}: it is compared with no record")  # noqa: T201
        return
    chapter = _chapter(chapters, found.notebook)
    differ = {name: change for name, change in changed(chapters, found.profile).items() if name in chapter.claims}
    lines = [f"{name}: {change}" for name, change in differ.items()]
    lines = lines or (["the verdicts are those of the record"] if chapter.claims else [])
    print("\n".join(lines + agreement(found, chapter.absent())))  # noqa: T201


def _chapter(chapters: Sequence[Chapter], number: str) -> Chapter:
    return next(chapter for chapter in chapters if chapter.number == number)


def changed(chapters: Sequence[Chapter], profile: str) -> dict[str, str]:
    """Judges every claim again, and returns how the words differ from the recorded ledger's; empty if none does."""
    path = files.record_folder() / profile / "ledger.json"
    old = {entry["claim"]: entry.get("word") for entry in read_ledger(path)} if path.exists() else {}
    return {
        name: f"{verdict.word}, recorded as {old[name]}"
        for name, verdict in judge(chapters).items()
        if old.get(name, verdict.word) != verdict.word
    }


def deciders(chapters: Sequence[Chapter]) -> str:
    """Returns in Markdown, for each claim, the function that takes its number and the one that draws it."""
    lines = ["| claim | decided by | drawn by |", "|---|---|---|"]
    for name, claim in claims_of(chapters).items():
        lines.append(f"| {name} | `{claim.where}` | `{claim.figure.where}` |")
    return "\n".join(lines)


def agreement(found: Evidence, absent: dict[str, str] | None = None) -> list[str]:
    """Returns in words how many numbers agree with the record of their profile, and which do not."""
    compared = compare(found, absent or ())
    if compared is None:
        return [f"there is no record of the {found.profile} profile to compare with"]
    agree, total, others = compared
    if agrees(compared, found.profile):  # the same words on every machine, for the comparison of notebooks
        known = read_evidence(files.record_folder() / found.profile, found.notebook, found.profile)
        return [f"the numbers agree with the {len(known.table)} of the record"]
    return [f"{agree} of {total} numbers within tolerance of the record", others.to_string(index=False, max_rows=20)]


def recorded_here(profile: str) -> bool:
    """Returns whether the record was made by such a processor, and the same loops of the libraries."""
    path = files.record_folder() / profile / "ledger.json"
    return not path.exists() or json.loads(path.read_text(encoding="utf-8")).get("machine") == exact.machine()


def agrees(compared: tuple[int, int, pd.DataFrame], profile: str) -> bool:
    """Returns whether a notebook's numbers agree with the record: all of them, or 95 % on another machine.

    Seeds scatter with heavy tails, so that of a notebook's numbers up to one in eighty was seen to leave its tolerance.

    Arguments:
        compared: What `kaleido.lab.evidence.compare` returned.
        profile: The profile.
    """
    agree, total, _ = compared
    return agree >= (1 if recorded_here(profile) else ELSEWHERE) * total


def moved(chapters: Sequence[Chapter], profile: str) -> dict[str, tuple[int, int, pd.DataFrame]]:
    """Returns `kaleido.lab.evidence.compare` for each notebook that has evidence and a record."""
    found = {}
    for chapter in chapters:
        try:
            there = read_evidence(files.build_folder(profile) / "evidence", chapter.number, profile)
        except FileNotFoundError:
            continue
        compared = compare(there, chapter.absent())
        if compared:
            found[chapter.number] = compared
    return found


def findings(entries: list[dict], root: str = "", small: bool = True) -> str:
    """Returns the ledger in Markdown: verdicts counted, then one row a claim, as book/claims.md lays it out.

    Arguments:
        entries: The ledger.
        root: Where links start, such as `../` for a notebook.
        small: Whether to say what small networks showed, and to give a row to what was not run, too.
    """
    if small:
        return _tally(entries) + "\n\n" + _rows(entries, root, small)
    waiting = [f"{entry['text']} ({entry['claim']})" for entry in entries if entry["word"] == "not run"]
    rows = _rows([entry for entry in entries if entry["word"] != "not run"], root, small)
    cost = f"What these would cost stands in [book/claims.md]({root}book/claims.md#what-has-not-been-run)."
    said = f"Not run yet: {'; '.join(waiting)}. {cost}" if waiting else ""
    return "\n\n".join([_tally(entries), rows, said]).rstrip()


def _rows(entries: list[dict], root: str, small: bool = True) -> str:
    heads = ["", "claim", "what we measured", "threshold", "verdict", *["at small scale"] * small, "figure"]
    lines = [f"| {' | '.join(heads)} |".replace("|  |", "| |"), "|---" * len(heads) + "|"]
    for entry in entries:
        numbers = number(entry)
        measured = f"{entry['measured']}, {_set(entry)}" + (f": {numbers}, {entry['seeds']} seeds" if numbers else "")
        figure = f"[{entry['notebook']}]({root}figures/{entry['figure']}.png)" + ", small" * entry["figure is small"]
        cells = [entry["claim"], entry["text"], measured, entry["threshold"], f"**{entry['word']}**{_why(entry)}"]
        lines.append("| " + " | ".join([*cells, *["; ".join(entry["small"])] * small, figure]) + " |")
    return "\n".join(lines)


def _tally(entries: list[dict]) -> str:
    sentences = []
    for family, of in FAMILIES.items():
        words = {}
        for entry in entries:
            if entry["family"] == family:
                words.setdefault(entry["word"], []).append(entry["claim"])
        listed = [f"{len(words[name])} {name} ({', '.join(words[name])})" for name in WORDS if name in words]
        sentences.append(f"Of {of.format(sum(map(len, words.values())))}: {', '.join(listed)}.")
    passed = ", ".join(entry["claim"] for entry in entries if entry["also"])
    if passed:
        sentences.append(f"Of the supported ones, {passed} are also passed by something trivial.")
    return " ".join(sentences)


def again(chapters: Sequence[Chapter], profile: str) -> str:
    """Judges every claim, writes the ledger, and returns it as a table beside the recorded one.

    Its columns: the claim, its word, whether that is the recorded one, the number that decides with its interval, and
    the means of small networks, found here and in the record.
    """
    path = files.record_folder() / profile / "ledger.json"
    old = {entry["claim"]: entry for entry in read_ledger(path)} if path.exists() else {}
    rows = []
    for entry in ledger(chapters, profile):
        before = old.get(entry["claim"], {})
        same = "no record" if not before else "same" if before["word"] == entry["word"] else f"was {before['word']}"
        about = {"claim": entry["claim"], "verdict": entry["word"], "again": same, "number": number(entry)}
        means = {"small, here": _means(entry), "small, recorded": _means(before)}
        rows.append(about | {"asked": entry["threshold"]} | means)
    return pd.DataFrame(rows).to_string(index=False, justify="left")


def _means(entry: dict) -> str:
    """The means of an entry's small networks, by data set."""
    nan = float("nan")
    return ", ".join(f"{data} {in_words(mean, nan, nan)}" for data, mean in entry.get("small means", {}).items())


def number(entry: dict, percent: bool = False) -> str:
    """Returns an entry's mean with its interval, as it is or in percent; nothing if the claim was not run."""
    if entry["mean"] is None:
        return ""
    mean, low, high = (float("nan") if entry[end] is None else entry[end] for end in ("mean", "low", "high"))
    if percent:
        said, _, ends = in_words(100 * mean, 100 * low, 100 * high, digits=0).partition(" ")
        return f"{said} %" + (f" {ends}" if ends else "")
    return in_words(mean, low, high)


def _why(entry: dict) -> str:
    if entry["word"] == "not run":
        return f" ({entry['reason']})" if entry["reason"] != UNRUN else " yet"
    said = f"; {entry['reason']}" if entry["reason"] else ""
    also = f"; something trivial passes, too: {_also(entry)}" if entry["also"] else ""
    return f" (p {'< 0.0001' if entry['p'] < 1e-4 else '= ' + format(entry['p'], '.2g')}{said}){also}"


def _set(entry: dict) -> str:
    """An entry's data set in words, or its name as code."""
    return IN_WORDS.get(entry["data"], f"`{entry['data']}`")


def _also(entry: dict) -> str:
    nan = float("nan")
    return ", ".join(
        f"{IN_WORDS.get(guard, guard)} {in_words(mean, nan, nan)}" for guard, mean in entry["also"].items()
    )


def _number(value: float) -> float | None:
    return None if value != value else value  # JSON has no NaN
