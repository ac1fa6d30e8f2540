"""From evidence to verdicts: the rules of book/claims.md, the report of a notebook, the ledger of all."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

import pandas as pd

from kaleido import files
from kaleido.evidence import Evidence, compare, read_evidence
from kaleido.statistics import Test, contrast, holm, threshold

__all__ = ["CLAIMS", "VERDICTS", "Claim", "Verdict", "judge", "ledger", "report"]

VERDICTS = ("supported", "partly supported", "not supported", "inconclusive", "not decidable", "not run")
LEVEL = 0.05


@dataclass(frozen=True)
class Verdict:
    """A claim's verdict and the tests that it rests on; before correction unless it says otherwise."""

    claim: str
    verdict: str
    reason: str
    tests: tuple[Test, ...] = ()
    data: str = ""
    seeds: str = ""
    width: str = ""

    @property
    def deciding(self) -> Test | None:
        """The required condition with the largest p: the claim's p, since all of them must hold."""
        return max(self.tests, key=lambda test: (test.p != test.p, test.p), default=None)


@dataclass(frozen=True)
class Claim:
    """A claim, where it is judged, by which rule, and what would change the verdict."""

    text: str
    notebook: str
    change: str
    rule: Callable[[Evidence], Verdict] | None = None
    figure: str = ""


def over_generalization(found: Evidence, architecture: str = "mlp") -> Verdict:
    """Claim C1: rho < 0.5 on noise, below untrained, linear and identity maps; spread >= 0.25; on both data sets.

    Arguments:
        found: Evidence of notebook 01.
        architecture: The map that is judged: the learned one, or a control that must not pass.
    """
    tests = []
    for data in ("digits", "mnist5k"):

        def seeds(quantity: str, name: str = architecture, data: str = data):
            return found.values(claim="C1", quantity=quantity, data=data, architecture=name, condition="noise", run=1)

        rho = seeds("rho")
        tests.append(threshold(f"rho on noise, {data}", rho, 0.5, below=True))
        for control in ("untrained", "untrained he", "linear", "identity"):
            if control != architecture:
                asked = f"rho on noise less that of the {control} map, {data}"
                tests.append(contrast(asked, rho, seeds("rho", control), 0.0, below=True))
        tests.append(threshold(f"spread on noise, {data}", seeds("spread"), 0.25, below=False))
    rows = found.means(claim="C1", quantity="rho", architecture=architecture, condition="noise")
    listed = {
        name: ", ".join(f"{v} {d}" for v, d in zip(rows[name], rows["data"], strict=True))
        for name in ("seeds", "width")
    }
    return _all("C1", tests, data=", ".join(rows["data"]), **listed)


def _all(claim: str, tests: list[Test], **where: str) -> Verdict:
    """Every condition is required: a failed one decides, then one whose interval straddles its bound."""
    failed = [test for test in tests if not test.passes and not test.straddles]
    open_ = [test for test in tests if test.straddles]
    if failed:
        return Verdict(claim, "not supported", "fails: " + "; ".join(map(_said, failed)), tuple(tests), **where)
    if open_:
        return Verdict(claim, "inconclusive", "undecided: " + "; ".join(map(_said, open_)), tuple(tests), **where)
    hardest = Verdict(claim, "supported", "", tuple(tests)).deciding
    return Verdict(claim, "supported", "all conditions hold, the closest: " + _said(hardest), tuple(tests), **where)


def _said(test: Test) -> str:
    ends = f" [{test.low:.3g}, {test.high:.3g}]" if test.low == test.low else ""
    return f"{test.asked} is {test.effect:.3g}{ends}, asked {'<' if test.below else '>='} {test.bound:g}"


CLAIMS = {
    "C1": Claim(
        "Outputs for unseen inputs land near the training outputs",
        "01",
        "A natural data set on which a deep network's outputs for noise stay as far from the training points "
        "as a linear map's, or fall onto few of them.",
        over_generalization,
        "01_unseen_inputs",
    ),
    "C2": Claim(
        "Over-generalization grows with depth, a many-to-one map",
        "04",
        "A trend that vanishes, or turns, on other data.",
    ),
    "C3": Claim(
        "After a burn-in, repeated application to noise gives samples of the input distribution",
        "03",
        "Samples that a careful judge can, or cannot, tell from held-out data.",
    ),
    "C4": Claim("Sample quality rises with depth", "04", "A trend that vanishes, or turns, on other data."),
    "C5": Claim(
        "CNNs, Transformers and U-Nets show it too, to various degrees",
        "05",
        "Other configurations of the same architectures.",
    ),
    "C6": Claim("Bounded outputs contribute to it", "01", "Equal contraction without a bound at equal training loss."),
    "C7": Claim(
        "Over-generalization recedes as points are added, and more slowly in higher dimension",
        "02",
        "Corner losses that do not fall with the number of points.",
    ),
    "C8": Claim("After burn-in a chain keeps its digit", "03", "Chains that go on changing class."),
    "C9": Claim("The same works on other data sets", "06", "A data set on which it fails, or works."),
    "C2m": Claim("C2 at matched training loss", "04", "Another level of the loss."),
    "C4m": Claim("C4 at matched training loss", "04", "Another level of the loss."),
    "C2p": Claim("C2 at matched loss and number of parameters", "04", "Other widths."),
    "C4p": Claim("C4 at matched loss and number of parameters", "04", "Other widths."),
    "C2i": Claim(
        "C2 at matched loss with He initialisation, and with fewer training points", "04", "Other initialisations."
    ),
    "B1": Claim("The kaleidoscope collapses if it is turned too long", "07", "Coverage that stays, at run 200."),
    "B2": Claim(
        "The kaleidoscope copies its training set", "07", "Samples as far from the training points as unseen data."
    ),
    "B3": Claim("Chains end in fixed points or cycles", "07", "Chains that end in neither."),
    "B4": Claim("It is as good a generator as the usual ones", "08", "Other generators, or other settings of these."),
    "B5": Claim("There is a remedy for the jumps and the collapse", "09", "Another remedy."),
}
FAMILIES = ([c for c in CLAIMS if c[0] == "C" and len(c) == 2], [c for c in CLAIMS if c[0] == "B" or len(c) > 2])


def judge(claim: str, profile: str) -> Verdict:
    """Returns a claim's verdict before correction, from the evidence in the profile's build folder.

    Raises:
        ValueError: If the claim is unknown.
    """
    if claim not in CLAIMS:
        raise ValueError(f"unknown claim '{claim}', expected one of {', '.join(CLAIMS)}")
    about = CLAIMS[claim]
    if about.rule is None:
        return Verdict(claim, "not run", "this version does not test it yet")
    try:
        return about.rule(read_evidence(files.build_folder(profile) / "evidence", about.notebook, profile))
    except FileNotFoundError:
        return Verdict(claim, "not run", f"notebook {about.notebook} was not run in the {profile} profile")


def report(notebook: str, profile: str) -> None:
    """Prints a notebook's verdicts before correction, and how many of its numbers agree with the record."""
    for claim, about in CLAIMS.items():
        if about.notebook == notebook:
            print(f"{claim}: {judge(claim, profile).verdict} (before correction). {about.text}.")  # noqa: T201
    found = compare(read_evidence(files.build_folder(profile) / "evidence", notebook, profile))
    if found is None:
        print(f"there is no record of the {profile} profile to compare with")  # noqa: T201
        return
    agree, total, others = found
    print(f"{agree} of {total} numbers within tolerance of the record")  # noqa: T201
    if len(others):
        print(others.to_string(index=False, max_rows=20))  # noqa: T201


def ledger(profile: str) -> pd.DataFrame:
    """Judges every claim, corrects each family by Holm's method, and writes `ledger.json` under the build folder.

    A claim that passes before correction and not after it is inconclusive. Claims that were not run stay in
    their family, with p = 1.

    Returns:
        One row per claim.
    """
    entries = []
    for family in FAMILIES:
        verdicts = [judge(claim, profile) for claim in family]
        corrected = holm([v.deciding.p if v.deciding else float("nan") for v in verdicts])
        entries += [_entry(v, p, profile) for v, p in zip(verdicts, corrected, strict=True)]
    content = {"profile": profile, "claims": entries}
    files.write(files.build_folder(profile) / "ledger.json", json.dumps(content, indent=1) + "\n")
    return pd.DataFrame(entries)


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
        "reason": reason,
        "asked": test.asked if test else None,
        "effect": _number(test and test.effect),
        "low": _number(test and test.low),
        "high": _number(test and test.high),
        "bound": _number(test and test.bound),
        "p": _number(test and test.p),
        "p_holm": p if test else None,
        "tests": [{name: _number(value) for name, value in asdict(each).items()} for each in verdict.tests],
        "data": verdict.data,
        "seeds": verdict.seeds,
        "width": verdict.width,
        "profile": profile,
        "notebook": about.notebook,
        "figure": about.figure,
        "would_change_our_mind": about.change,
    }


def _number(value):
    return None if value != value else value  # JSON has no NaN
