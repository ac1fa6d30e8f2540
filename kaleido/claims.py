"""From evidence to verdicts: the rules of book/claims.md."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from kaleido import files
from kaleido.evidence import Evidence, read_evidence
from kaleido.experiments import BOUNDED_DEPTHS, DIMENSIONS, SIZES
from kaleido.statistics import Test, contrast, threshold, trending

__all__ = ["CLAIMS", "FAMILIES", "VERDICTS", "Claim", "Verdict", "judge"]

VERDICTS = ("supported", "partly supported", "not supported", "inconclusive", "not decidable", "not run")
STRETCH = (0.8, 1.25)  # a verdict that these change about its intervals' lengths is borderline


@dataclass(frozen=True)
class Verdict:
    """A claim's verdict before correction, and the tests that it rests on.

    `between`: the verdicts that its intervals give, each shortened to 0.8 and lengthened to 1.25 of its length. More
    than one of them: the verdict is *borderline*, and another machine's rounding may change it.
    """

    claim: str
    verdict: str
    reason: str
    tests: tuple[Test, ...] = ()
    data: str = ""
    seeds: str = ""
    width: str = ""
    between: tuple[str, ...] = ()

    @property
    def borderline(self) -> bool:
        return len(self.between) > 1

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
    rule: Callable[..., Verdict] | None = None
    figure: str = ""


def over_generalization(found: Evidence, stretch: float = 1.0, architecture: str = "mlp") -> Verdict:
    """Claim C1: rho < 0.5 on noise, below untrained, linear and identity maps; spread >= 0.25; on both data sets.

    Arguments:
        found: Evidence of notebook 01.
        stretch: Makes every interval so many times as long.
        architecture: The map that is judged: the learned one, or a control that must not pass.
    """
    tests = []
    for data in ("digits", "mnist5k"):

        def seeds(quantity: str, name: str = architecture, data: str = data):
            return found.values(claim="C1", quantity=quantity, data=data, architecture=name, condition="noise", run=1)

        rho = seeds("rho")
        tests.append(threshold(f"{data}: rho on noise", rho, 0.5, below=True))
        for control in ("untrained", "untrained he", "linear", "identity"):
            if control != architecture:
                asked = f"{data}: rho less that of the {control} map"
                tests.append(contrast(asked, rho, seeds("rho", control), 0.0, below=True))
        tests.append(threshold(f"{data}: spread on noise", seeds("spread"), 0.25, below=False))
    rows = found.means(claim="C1", quantity="rho", architecture=architecture, condition="noise")
    listed = {
        name: ", ".join(f"{v} {d}" for v, d in zip(rows[name], rows["data"], strict=True))
        for name in ("seeds", "width")
    }
    return _all("C1", [test.stretched(stretch) for test in tests], data=", ".join(rows["data"]), **listed)


def bounded_outputs(found: Evidence, stretch: float = 1.0) -> Verdict:
    """Claim C6: at equal training loss, rho is lower with tanh and sigmoid than without a bound, and than clipped.

    Arguments:
        found: Evidence of notebook 01.
        stretch: Makes every interval so many times as long.
    """
    tests = []
    for depth in BOUNDED_DEPTHS:
        rho = {
            name: found.values(claim="C6", quantity="rho", architecture=name, depth=depth)
            for name in ("tanh", "sigmoid", "linear", "linear, clipped")
        }
        for ours in ("tanh", "sigmoid"):
            for theirs in ("linear", "linear, clipped"):
                asked = f"depth {depth}: rho with {ours} less {theirs}"
                tests.append(contrast(asked, rho[ours], rho[theirs], 0.0, below=True).stretched(stretch))
    rows = found.rows(claim="C6", quantity="loss over level")
    means = found.means(claim="C6", quantity="rho").iloc[0]
    where = {"data": "digits", "seeds": means["seeds"], "width": str(means["width"])}
    if (rows["value"] > 1).any() or (rows["value"] < 0.97).any():
        ends = f"{rows['value'].min():.2f} to {rows['value'].max():.2f}"
        return Verdict("C6", "not decidable", f"training losses are {ends} times the level", tuple(tests), **where)
    return _all("C6", tests, **where)


def dimension(found: Evidence, stretch: float = 1.0) -> Verdict:
    """Claim C7: the largest corner loss falls with the points at every d, and rises with d at 8 and at 32 points.

    Arguments:
        found: Evidence of notebook 02.
        stretch: Makes every interval so many times as long.
    """

    def curves(names: list[str]) -> np.ndarray:
        return np.stack([found.values(quantity="largest corner loss", data=name) for name in names], axis=1)

    falls = [
        trending(f"d = {d}: largest corner loss by points", curves([f"points-{d}-{n}" for n in SIZES]), rising=False)
        for d in DIMENSIONS
    ]
    rises = [
        trending(f"{n} points: largest corner loss by d", curves([f"points-{d}-{n}" for d in DIMENSIONS]), rising=True)
        for n in (8, 32)
    ]
    where = found.means(quantity="largest corner loss").iloc[0]
    listed = {"data": "uniform points", "seeds": where["seeds"], "width": str(where["width"])}
    parts = [_all("C7", [test.stretched(stretch) for test in tests], **listed) for tests in (falls, rises)]
    both = _all("C7", [test.stretched(stretch) for test in falls + rises], **listed)
    if both.verdict != "supported" and any(part.verdict == "supported" for part in parts):
        return replace(both, verdict="partly supported")
    return both


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
    "C6": Claim(
        "Bounded outputs contribute to it",
        "01",
        "Another level of the loss, or other data, on which the order of the outputs turns.",
        bounded_outputs,
        "01_bounded_outputs",
    ),
    "C7": Claim(
        "Over-generalization recedes as points are added, and more slowly in higher dimension",
        "02",
        "Corner losses that do not fall with the number of points, or other points than uniform ones.",
        dimension,
        "02_corner_losses",
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
        return Verdict(claim, "not run", "not tested yet")
    try:
        found = read_evidence(files.build_folder(profile) / "evidence", about.notebook, profile)
    except FileNotFoundError:
        return Verdict(claim, "not run", f"notebook {about.notebook} was not run in the {profile} profile")
    if not (found.table["claim"] == claim).any():
        return Verdict(claim, "not run", f"the evidence of notebook {about.notebook} says nothing of it")
    verdict = about.rule(found)
    reached = {verdict.verdict} | {about.rule(found, stretch).verdict for stretch in STRETCH}
    return replace(verdict, between=tuple(name for name in VERDICTS if name in reached))
