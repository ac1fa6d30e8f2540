"""The ledger: every claim judged from the record of the published settings, with small networks beside it."""

import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown

from kaleido.claims import CLAIMS, FAMILIES, Endpoint, NotMeasured
from kaleido.evidence import Evidence, compare, read_evidence, recorded
from kaleido.statistics import holm, in_words, interval, p_value
from kaleido.tools import exact, files

__all__ = [
    "ELSEWHERE", "LEVEL", "WORDS", "Verdict", "agreement", "agrees", "changed", "check", "findings", "in_full", "judge",
    "ledger", "moved", "read_ledger", "recorded_here", "report", "settle", "sides", "table", "word",
]  # fmt: skip

WORDS = ("supported", "not supported", "inconclusive", "not run")
LEVEL = 0.05
ELSEWHERE = 0.95  # share of a notebook's numbers that must agree on another machine than the record's
PAPER = "paper"  # the profile that decides
UNRUN = "not run at the paper's scale"


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
    also: tuple[str, ...] = ()  # guards that lie on the claimed side, too


def word(claim: Endpoint, mean: float, p: float) -> str:
    """Returns the word for a mean over seeds and its corrected p."""
    if p >= LEVEL:
        return "inconclusive"
    return "supported" if claim.on_claimed_side(mean) else "not supported"


def judge(source: dict[str, Evidence] | None = None) -> dict[str, Verdict]:
    """Judges every claim.

    Arguments:
        source: Evidence by notebook; by default the record of the published settings.
    """
    verdicts = settle({name: _measured(name, source) for name in CLAIMS})
    for name, verdict in verdicts.items():
        if verdict.word != "not run":
            claim = CLAIMS[name]
            said = claim.remark(_evidence(claim, source), claim.data)
            also = _guards(claim, _evidence(claim, source)) if verdict.word == "supported" else ()
            verdicts[name] = replace(verdict, reason=said, also=also)
    return verdicts


def settle(found: dict[str, np.ndarray | str]) -> dict[str, Verdict]:
    """Returns each claim's verdict, each family corrected by Holm's method; what was not run counts there as p = 1.

    Arguments:
        found: A claim's numbers, one per seed, or why it was not run.
    """
    verdicts = {}
    for family in FAMILIES:
        raw = [1.0 if isinstance(found[name], str) else p_value(found[name], CLAIMS[name].threshold) for name in family]
        for name, p in zip(family, holm(raw), strict=True):
            if isinstance(found[name], str):
                verdicts[name] = Verdict(name, "not run", found[name])
                continue
            mean, low, high = interval(found[name])
            said = word(CLAIMS[name], mean, p)
            verdicts[name] = Verdict(name, said, "", mean, _number(low), _number(high), float(p), len(found[name]))
    return verdicts


def _measured(name: str, source: dict[str, Evidence] | None) -> np.ndarray | str:
    """A claim's numbers, one per seed; or why there are none, or not all that were planned."""
    claim = CLAIMS[name]
    try:
        seeds = claim.seeds(_evidence(claim, source), claim.data)
    except FileNotFoundError:
        return UNRUN
    except NotMeasured as error:
        return UNRUN if "has 0 rows" in str(error) else str(error)
    if len(seeds) != claim.planned:
        return f"{len(seeds)} of {claim.planned} planned seeds are there"
    return seeds


def _evidence(claim: Endpoint, source: dict[str, Evidence] | None) -> Evidence:
    if source is None:
        return recorded(claim.notebook, PAPER)
    if claim.notebook not in source:
        raise FileNotFoundError(f"no evidence of notebook {claim.notebook}")
    return source[claim.notebook]


def _guards(claim: Endpoint, found: Evidence) -> tuple[str, ...]:
    guards = claim.guards(found, claim.data)
    return tuple(guard for guard, seeds in guards.items() if len(seeds) and claim.on_claimed_side(seeds.mean()))


def sides(name: str, profile: str) -> list[str]:
    """Returns in words where a claim's number lies on small networks: mean, interval and side, by data set."""
    claim, said = CLAIMS[name], []
    try:
        folder = files.build_folder(profile) / "evidence"
        if claim.extended:
            folder, profile = files.root() / "data" / "record" / "extended", "extended"
        stamp = (folder / f"{claim.notebook}.csv").stat().st_mtime_ns
        found = _read(folder, claim.notebook, profile, stamp)
    except FileNotFoundError:
        return []
    for data in claim.small:
        try:
            mean, low, high = interval(claim.seeds(found, data))
        except NotMeasured:
            continue
        straddles = low == low and low <= claim.threshold <= high
        side = "undecided" if straddles else "claimed side" if claim.on_claimed_side(mean) else "other side"
        said.append(f"`{data}`: {in_words(mean, low, high)}, {side}")
    return said


@lru_cache(maxsize=16)
def _read(folder: Path, notebook: str, profile: str, stamp: int) -> Evidence:
    """Evidence that several claims look at, read once for as long as its file is the same."""
    return read_evidence(folder, notebook, profile)


def ledger(profile: str) -> list[dict]:
    """Judges every claim, and writes `ledger.json` under the build folder: an entry per claim, see `findings`."""
    entries = [_entry(verdict, profile) for verdict in judge().values()]
    content = {"profile": profile, "machine": exact.machine(), "claims": entries}
    files.write(files.build_folder(profile) / "ledger.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return entries


def _entry(verdict: Verdict, profile: str) -> dict:
    claim = CLAIMS[verdict.claim]
    about = {name: getattr(claim, name) for name in ("text", "measured", "data", "notebook", "figure")}
    bound = f"{claim.side} {claim.threshold:g}"
    return asdict(verdict) | about | {"threshold": bound, "small": sides(verdict.claim, profile)}


def read_ledger(path: Path) -> list[dict]:
    """Reads the entries of a ledger, one per claim.

    Raises:
        FileNotFoundError: If it is not there.
    """
    return json.loads(Path(path).read_text())["claims"]


def table(notebook: str, profile: str) -> Markdown:
    """Returns a notebook's claims as a table to read, see `findings`."""
    mine = [verdict for name, verdict in judge().items() if CLAIMS[name].notebook == notebook]
    return Markdown(_rows([_entry(verdict, profile) for verdict in mine], "../"))


def report(notebook: str) -> None:
    """Prints a notebook's final verdicts."""
    mine = [asdict(verdict) for name, verdict in judge().items() if CLAIMS[name].notebook == notebook]
    lines = [f"{entry['claim']}: {CLAIMS[entry['claim']].text}. {in_full(entry).capitalize()}." for entry in mine]
    print("\n".join(lines))  # noqa: T201 - at once, so that a notebook keeps it as one output


def check(notebook: str, profile: str) -> None:
    """Prints whether a notebook's verdicts and numbers stand by the record: the same words wherever they do."""
    mine = [name for name, claim in CLAIMS.items() if claim.notebook == notebook]
    differ = {name: change for name, change in changed(profile).items() if name in mine}
    lines = [f"{name}: {change}" for name, change in differ.items()]
    lines = lines or (["the verdicts are those of the record"] if mine else [])
    lines += agreement(read_evidence(files.build_folder(profile) / "evidence", notebook, profile))
    print("\n".join(lines))  # noqa: T201


def changed(profile: str) -> dict[str, str]:
    """Judges every claim again, and returns how the words differ from the recorded ledger's; empty if none does."""
    path = files.record_folder() / profile / "ledger.json"
    old = {entry["claim"]: entry.get("word") for entry in read_ledger(path)} if path.exists() else {}
    return {
        name: f"{verdict.word}, recorded as {old[name]}"
        for name, verdict in judge().items()
        if old.get(name, verdict.word) != verdict.word
    }


def agreement(found: Evidence) -> list[str]:
    """Returns in words how many numbers agree with the record of their profile, and which do not."""
    compared = compare(found)
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
    return not path.exists() or json.loads(path.read_text()).get("machine") == exact.machine()


def agrees(compared: tuple[int, int, pd.DataFrame], profile: str) -> bool:
    """Returns whether a notebook's numbers agree with the record: all of them, or 95 % on another machine.

    Seeds scatter with heavy tails, so that of a notebook's numbers up to one in eighty was seen to leave its tolerance.

    Arguments:
        compared: What `kaleido.evidence.compare` returned.
        profile: The profile.
    """
    agree, total, _ = compared
    return agree >= (1 if recorded_here(profile) else ELSEWHERE) * total


def moved(notebooks: list[str], profile: str) -> dict[str, tuple[int, int, pd.DataFrame]]:
    """Returns `evidence.compare` for each notebook that has evidence and a record."""
    found = {}
    for notebook in notebooks:
        try:
            compared = compare(read_evidence(files.build_folder(profile) / "evidence", notebook, profile))
        except FileNotFoundError:
            continue
        if compared:
            found[notebook] = compared
    return found


def findings(entries: list[dict], root: str = "") -> str:
    """Returns the ledger in Markdown: verdicts counted, then one row a claim, as book/claims.md lays it out.

    Arguments:
        entries: The ledger.
        root: Where links start, such as `../` for a notebook.
    """
    return _tally(entries) + "\n\n" + _rows(entries, root)


def _rows(entries: list[dict], root: str) -> str:
    heads = ["", "claim", "what we measured", "threshold", "verdict", "at small scale", "figure"]
    lines = [f"| {' | '.join(heads)} |".replace("|  |", "| |"), "|---" * len(heads) + "|"]
    for entry in entries:
        numbers = _numbers(entry)
        measured = f"{entry['measured']}, {entry['data']}" + (f": {numbers}, {entry['seeds']} seeds" if numbers else "")
        figure = f"[{entry['notebook']}]({root}figures/{entry['figure']}.png)"
        cells = [entry["claim"], entry["text"], measured, entry["threshold"], f"**{entry['word']}**{_why(entry)}"]
        lines.append("| " + " | ".join([*cells, "; ".join(entry["small"]), figure]) + " |")
    return "\n".join(lines)


def _tally(entries: list[dict]) -> str:
    sentences = []
    for family, of in zip(FAMILIES, ("the paper's {} claims", "our {} controls and questions"), strict=True):
        words = {}
        for entry in entries:
            if entry["claim"] in family:
                words.setdefault(entry["word"], []).append(entry["claim"])
        listed = [f"{len(words[name])} {name} ({', '.join(words[name])})" for name in WORDS if name in words]
        sentences.append(f"Of {of.format(len(family))}: {', '.join(listed)}.")
    return " ".join(sentences)


def in_full(entry: dict) -> str:
    """Returns an entry's verdict in words, with its number, interval and p."""
    numbers = _numbers(entry)
    return f"{entry['word']}{_why(entry)}" + (f": {numbers}, {entry['seeds']} seeds" if numbers else "")


def _numbers(entry: dict) -> str:
    if entry["mean"] is None:
        return ""
    nan = float("nan")
    low, high = (nan if entry[end] is None else entry[end] for end in ("low", "high"))
    return in_words(entry["mean"], low, high)


def _why(entry: dict) -> str:
    if entry["word"] == "not run":
        return f" ({entry['reason']})" if entry["reason"] != UNRUN else " at the paper's scale"
    said = f"; {entry['reason']}" if entry["reason"] else ""
    said += f"; so does {', '.join(entry['also'])}" if entry["also"] else ""
    return f" (p = {entry['p']:.2g}{said})"


def _number(value: float) -> float | None:
    return None if value != value else value  # JSON has no NaN
