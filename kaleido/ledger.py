"""The ledger: all verdicts with their correction, a notebook's report, and what has moved from the record."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd

from kaleido import exact, files
from kaleido.claims import CLAIMS, FAMILIES, judge
from kaleido.evidence import Evidence, compare, read_evidence
from kaleido.rules import VERDICTS, Verdict
from kaleido.statistics import holm

__all__ = [
    "ELSEWHERE",
    "agreement",
    "agrees",
    "check",
    "conditions",
    "findings",
    "ledger",
    "moved",
    "read_ledger",
    "recorded_here",
    "report",
    "standing",
    "summary",
]

LEVEL = 0.05
ELSEWHERE = 0.95  # share of a notebook's numbers that must agree on another machine than the record's
NEAR = 3  # a corrected p within this factor of the level is borderline


def ledger(profile: str) -> list[dict]:
    """Judges every claim, corrects each family by Holm's method, and writes `ledger.json` under the build folder.

    A claim that passes before correction and not after it is inconclusive. Claims that were not run stay in
    their family, with p = 1.

    Returns:
        One entry per claim.
    """
    entries = []
    for family in FAMILIES:
        verdicts = [_with_its_control(judge(claim, profile), profile) for claim in family]
        corrected = holm([v.p for v in verdicts])
        entries += [_entry(v, float(p), profile) for v, p in zip(verdicts, corrected, strict=True)]
    content = {"profile": profile, "machine": exact.machine(), "claims": entries}
    files.write(files.build_folder(profile) / "ledger.json", json.dumps(content, indent=1) + "\n")
    return entries


def read_ledger(path: Path) -> list[dict]:
    """Reads the entries of a ledger, one per claim.

    Raises:
        FileNotFoundError: If it is not there.
    """
    return json.loads(Path(path).read_text())["claims"]


def report(notebook: str, profile: str) -> None:
    """Prints a notebook's verdicts before correction: words that may be others on another machine, see `check`."""
    lines = []
    for verdict in _judged(notebook, profile):
        found = f"borderline, {' or '.join(verdict.between)}" if verdict.borderline else verdict.verdict
        lines.append(f"{verdict.claim}: {found} (before correction). {CLAIMS[verdict.claim].text}.")
    print("\n".join(lines))  # noqa: T201 - at once, so that a notebook keeps it as one output


def check(notebook: str, profile: str) -> None:
    """Prints whether a notebook's verdicts and numbers stand by the record: the same words wherever they do."""
    lines, old = [], _recorded(profile)
    if old is not None:
        now = {verdict.claim: verdict for verdict in _judged(notebook, profile)}
        changes = {
            claim: _change(
                old.get(claim, {}).get("before_correction", "not recorded"),
                verdict.verdict,
                verdict.reason,
                verdict.borderline or len(old.get(claim, {}).get("between", ())) > 1,
                profile,
            )
            for claim, verdict in now.items()
        }
        changed = [f"{claim} {change}" for claim, change in changes.items() if change.startswith("changed")]
        lines += changed or (["the verdicts stand by the record"] if now else [])
    lines += agreement(read_evidence(files.build_folder(profile) / "evidence", notebook, profile))
    print("\n".join(lines))  # noqa: T201


def _judged(notebook: str, profile: str) -> list[Verdict]:
    return [judge(claim, profile) for claim, about in CLAIMS.items() if about.notebook == notebook]


def agreement(found: Evidence) -> list[str]:
    """Returns in words how many numbers agree with the record of their profile, and which do not."""
    compared = compare(found)
    if compared is None:
        return [f"there is no record of the {found.profile} profile to compare with"]
    agree, total, others = compared
    if agrees(compared, found.profile):  # the same words on every machine, for the comparison of notebooks
        recorded = read_evidence(files.record_folder() / found.profile, found.notebook, found.profile)
        return [f"the numbers agree with the {len(recorded.table)} of the record"]
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


def standing(profile: str) -> dict[str, str] | None:
    """Compares the ledger in the build folder with the recorded one.

    Returns:
        For each claim `as recorded`, `borderline`, or how it changed; nothing if there is no record. A verdict that
        differs is borderline if its intervals say so here or there, or if one of the two is inconclusive and the record
        was made on another machine: then they do not contradict one another.
    """
    old = _recorded(profile)
    if old is None:
        return None
    new = {entry["claim"]: entry for entry in read_ledger(files.build_folder(profile) / "ledger.json")}
    found = {}
    for claim in CLAIMS:
        before, now = (entries.get(claim, {"verdict": "not recorded"}) for entries in (old, new))
        close = _borderline(before) or _borderline(now)
        found[claim] = _change(before["verdict"], now["verdict"], now.get("reason", ""), close, profile)
    return found


def _recorded(profile: str) -> dict[str, dict] | None:
    path = files.record_folder() / profile / "ledger.json"
    return {entry["claim"]: entry for entry in read_ledger(path)} if path.exists() else None


def _change(before: str, now: str, reason: str, close: bool, profile: str) -> str:
    """How a verdict differs from the recorded one: `as recorded`, `borderline: ...` or `changed: ...`."""
    if before == now:
        return "as recorded"
    if now == "not run" and reason.startswith("data not here"):
        return f"borderline: {reason}"
    close = close or (not recorded_here(profile) and {before, now} != {"supported", "not supported"})
    return f"{'borderline' if close else 'changed'}: {now}, recorded as {before}"


def conditions(verdict: Verdict) -> pd.DataFrame:
    """Returns the tests that a verdict rests on, one row each: what was asked, effect, interval, bound, p, seeds."""
    rows = [
        {
            "condition": test.asked,
            "effect": test.effect,
            "low": test.low,
            "high": test.high,
            "asked": f"{'<' if test.below else '>='} {test.bound:g}",
            "p": f"{test.p:.2g}",
            "seeds": test.n,
        }
        for test in verdict.tests
    ]
    columns = ["condition", "effect", "low", "high", "asked", "p", "seeds"]
    table = pd.DataFrame(rows, columns=columns).astype({"condition": "str"})  # without tests, an empty table
    return table.round({"effect": 3, "low": 3, "high": 3})


def summary(profile: str) -> None:
    """Prints how many verdicts of the ledger in the build folder stand by the record, and which do not."""
    stands = standing(profile)
    if stands is None:
        print(f"there is no record of the {profile} profile to compare with")  # noqa: T201
        return
    changed = {claim: change for claim, change in stands.items() if change.startswith("changed")}
    print(f"{len(stands) - len(changed)} of {len(stands)} verdicts as recorded, or borderline")  # noqa: T201
    for claim, change in changed.items():
        print(f"{claim} {change}")  # noqa: T201


def findings(entries: list[dict], root: str = "") -> str:
    """Returns the ledger in Markdown: verdicts counted, a table of what was tested, and a line that says what was not.

    Arguments:
        entries: The ledger.
        root: Where links start, such as `../` for a notebook.
    """
    paths = {path.name[:2]: path.name for path in (files.root() / "notebooks").glob("*.ipynb")}
    lines = [
        _tally(entries),
        "",
        "| | claim | verdict | effect that decides | data | shown in |",
        "|---|---|---|---|---|---|",
    ]
    for entry in entries:
        if entry["verdict"] != "not run":
            data = f"{entry['data']}; {entry['profile']}, seeds {entry['seeds']}, width {entry['width']}"
            where = f"[{entry['notebook']}]({root}notebooks/{paths[entry['notebook']]}), "
            where += f"[figure]({root}figures/{entry['figure']}.png)"
            verdict = f"**{entry['verdict']}**" + (
                f" ({entry['before_correction']} before correction)"
                if entry["before_correction"] != entry["verdict"]
                else ""
            )
            lines.append(f"| {entry['claim']} | {entry['text']} | {verdict} | {_decides(entry)} | {data} | {where} |")
    untested = [f"{entry['claim']} ({entry['text']})" for entry in entries if entry["verdict"] == "not run"]
    return "\n".join([*lines, "", "Not run yet: " + "; ".join(untested) + "."] if untested else lines)


def _tally(entries: list[dict]) -> str:
    sentences = []
    for family, of in zip(FAMILIES, ("the paper's {} claims", "our {} controls and questions"), strict=True):
        verdicts = {}
        for entry in entries:
            if entry["claim"] in family:
                verdicts.setdefault(entry["verdict"], []).append(entry["claim"])
        listed = [
            f"{len(verdicts[name])} {name} ({', '.join(verdicts[name])})" for name in VERDICTS if name in verdicts
        ]
        sentences.append(f"Of {of.format(len(family))}: {', '.join(listed)}.")
    return " ".join(sentences)


def _with_its_control(verdict: Verdict, profile: str) -> Verdict:
    """Says of C2 and C4 whether they outlive the matching of training losses."""
    control = f"{verdict.claim}m"
    if control not in CLAIMS or verdict.verdict not in ("supported", "partly supported"):
        return verdict
    matched = judge(control, profile).verdict
    if matched != "not supported":
        return verdict
    explained = f"{verdict.verdict} as stated; explained by fit ({control} is {matched})"
    return replace(verdict, reason=f"{explained}; {verdict.reason}")


def _decides(entry: dict) -> str:
    if entry["effect"] is None:
        return ""
    ends = f" [{entry['low']:.3g}, {entry['high']:.3g}]" if entry["low"] is not None else ""
    asked = f"{'<' if entry['below'] else '>='} {entry['bound']:g}"
    return f"{entry['asked']}: {entry['effect']:.3g}{ends}, asked {asked}; p = {entry['p_holm']:.2g} (Holm)"


def _borderline(entry: dict) -> bool:
    near = entry.get("p_holm") is not None and LEVEL / NEAR < entry["p_holm"] < LEVEL * NEAR
    return near or len(entry.get("between", ())) > 1


def _entry(verdict: Verdict, p: float, profile: str) -> dict:
    about, test = CLAIMS[verdict.claim], verdict.deciding
    final, reason = verdict.verdict, verdict.reason
    if final in ("supported", "partly supported") and p >= LEVEL:
        final, reason = "inconclusive", f"{final} before Holm's correction, p = {p:.2g} after it; {reason}"
    return {
        "claim": verdict.claim,
        "text": about.text,
        "verdict": final,
        "before_correction": verdict.verdict,
        "between": list(verdict.between),
        "reason": reason,
        "asked": test.asked if test else None,
        "effect": _number(test and test.effect),
        "low": _number(test and test.low),
        "high": _number(test and test.high),
        "bound": _number(test and test.bound),
        "below": test.below if test else None,
        "p": _number(verdict.p),
        "p_holm": p if test else None,
        "tests": [{name: _number(value) for name, value in asdict(each).items()} for each in verdict.tests],
        "data": verdict.data,
        "seeds": verdict.seeds,
        "width": verdict.width,
        "profile": "extended" if about.extended else profile,
        "notebook": about.notebook,
        "figure": about.figure,
        "would_change_our_mind": about.change,
    }


def _number(value):
    return None if value != value else value  # JSON has no NaN
