"""The rules of book/claims.md, one function per claim: from evidence to a verdict."""

from dataclasses import dataclass, replace

import numpy as np

from kaleido.baselines import MUST_NOT_PASS
from kaleido.evidence import Evidence
from kaleido.sizes import BOUNDED_DEPTHS, DIMENSIONS, IMAGES, SIZES
from kaleido.statistics import Test, contrast, threshold, trending

__all__ = [
    "VERDICTS", "Verdict", "all_of", "bounded_outputs", "dimension", "listed", "over_generalization", "partly",
    "sampling", "stability",
]  # fmt: skip

VERDICTS = ("supported", "partly supported", "not supported", "inconclusive", "not decidable", "not run")
SAMPLED = 20  # the sampling run at which samples are judged


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
    partial: tuple[Test, ...] = ()  # those of the tests that `partly supported` rests on
    among: int = 1  # how many such parts there were to choose from

    @property
    def borderline(self) -> bool:
        return len(self.between) > 1

    @property
    def deciding(self) -> Test | None:
        """The required condition with the largest p, since all of them must hold."""
        tests = self.partial if self.verdict == "partly supported" else self.tests
        return max(tests, key=lambda test: (test.p != test.p, test.p), default=None)

    @property
    def p(self) -> float:
        """The deciding condition's p; of the best of several parts, times their number (Bonferroni), at most 1."""
        if self.deciding is None:
            return float("nan")
        return min(1.0, self.among * self.deciding.p) if self.verdict == "partly supported" else self.deciding.p


def over_generalization(
    found: Evidence, stretch: float = 1.0, architecture: str = "mlp", sets: tuple[str, ...] = IMAGES
) -> Verdict:
    """Claim C1: rho < 0.5 on noise, below untrained, linear and identity maps; spread >= 0.25; on both data sets.

    Arguments:
        found: Evidence of notebook 01.
        stretch: Makes every interval so many times as long.
        architecture: The map that is judged: the learned one, or a control that must not pass.
        sets: The data sets that it must hold on.
    """
    tests = []
    for data in sets:

        def seeds(quantity: str, name: str = architecture, data: str = data):
            return found.values(claim="C1", quantity=quantity, data=data, architecture=name, condition="noise", run=1)

        rho = seeds("rho")
        tests.append(threshold(f"{data}: rho on noise", rho, 0.5, below=True))
        for control in ("untrained", "untrained he", "linear", "identity"):
            if control != architecture:
                asked = f"{data}: rho less that of the {control} map"
                tests.append(contrast(asked, rho, seeds("rho", control), 0.0, below=True))
        tests.append(threshold(f"{data}: spread on noise", seeds("spread"), 0.25, below=False))
    where = listed(found.means(claim="C1", quantity="rho", architecture=architecture, condition="noise"))
    return all_of("C1", tests, stretch, **where)


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
    return all_of("C6", tests, **where)


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
    about = {"data": "uniform points", "seeds": where["seeds"], "width": str(where["width"])}
    return partly("C7", {"falls": falls, "rises": rises}, stretch, **about)


def sampling(found: Evidence, stretch: float = 1.0, claim: str = "C3", sets: tuple[str, ...] = IMAGES) -> Verdict:
    """Claims C3, C9: precision, coverage, recall, density at run 20; not decidable if something passes that must not.

    Arguments:
        found: Evidence of notebook 03 or 06.
        stretch: Makes every interval so many times as long.
        claim: Whose rows are judged.
        sets: The data sets that it must hold on.
    """
    grades, tests, partial, why = {}, (), (), []
    for data in sets:
        ours = _quality(found, claim, data, stretch, "mlp", condition="noise", run=SAMPLED)
        tests, partial = tests + ours.tests, partial + ours.partial
        as_good = {"partly supported", "supported"} if ours.verdict == "partly supported" else {"supported"}
        passing = [
            name
            for name in MUST_NOT_PASS
            if _quality(found, claim, data, stretch, name, condition="baseline").verdict in as_good
        ]
        grades[data] = "not decidable" if passing else ours.verdict
        also = f"{', '.join(passing)} passed; " if passing else ""
        why.append(f"{data}: {also}the kaleidoscope {ours.verdict}, {ours.reason}")
    where = listed(found.means(claim=claim, quantity="pc", architecture="mlp", condition="noise", run=SAMPLED))
    # all data sets are asked for: one that fails decides, then one that cannot be decided
    order = ("not supported", "not decidable", "inconclusive", "partly supported", "supported")
    verdict = min(grades.values(), key=order.index)
    return Verdict(claim, verdict, "; ".join(why), tests, partial=partial, **where)


def _quality(found: Evidence, claim: str, data: str, stretch: float, architecture: str, **where) -> Verdict:
    """C3's test of one sampler on one data set."""

    def seeds(quantity: str) -> np.ndarray:
        return found.values(claim=claim, quantity=quantity, data=data, architecture=architecture, **where)

    ceiling = found.values(
        claim=claim, quantity="density", data=data, architecture="training points", condition="baseline"
    )
    asked = [
        threshold(f"{data}: precision", seeds("precision"), 0.8, below=False),
        threshold(f"{data}: coverage", seeds("coverage"), 0.5, below=False),
        threshold(f"{data}: recall", seeds("recall"), 0.3, below=False),
        contrast(f"{data}: density less 0.8 of the ceiling's", seeds("density"), 0.8 * ceiling, 0.0, below=False),
    ]
    asked = [test.stretched(stretch) for test in asked]
    whole = replace(all_of(claim, asked), partial=tuple(asked[:2]))
    if whole.verdict != "supported" and all_of(claim, asked[:2]).verdict == "supported":
        return replace(whole, verdict="partly supported")
    return whole


def stability(found: Evidence, stretch: float = 1.0) -> Verdict:
    """Claim C8: chains keep their class over runs 50 to 100, surely and in all classes, with and without a kick.

    Arguments:
        found: Evidence of notebook 03.
        stretch: Makes every interval so many times as long.
    """
    tests = []
    asked = {"share that keeps its class": 0.9, "final confidence": 0.9, "final class entropy": 0.8 * np.log(10)}
    for data in IMAGES:
        for condition in ("noise", "centred kick"):
            for quantity, bound in asked.items():
                values = found.values(claim="C8", quantity=quantity, data=data, condition=condition)
                kick = "no kick" if condition == "noise" else condition
                tests.append(threshold(f"{data}, {kick}: {quantity}", values, bound, below=False))
    where = listed(found.means(claim="C8", quantity="final confidence", condition="noise"))
    return all_of("C8", tests, stretch, **where)


def all_of(claim: str, tests: list[Test], stretch: float = 1.0, **where: str) -> Verdict:
    """Returns a verdict that requires every condition: a failed one decides, then one that is undecided.

    Arguments:
        claim: The claim.
        tests: Its conditions.
        stretch: Makes every interval so many times as long.
        where: Data sets, seeds and widths, in words.
    """
    tests = [test.stretched(stretch) for test in tests]
    failed = [test for test in tests if not test.passes and not test.straddles]
    open_ = [test for test in tests if test.straddles]
    if failed:
        return Verdict(claim, "not supported", "fails: " + "; ".join(map(_said, failed)), tuple(tests), **where)
    if open_:
        return Verdict(claim, "inconclusive", "undecided: " + "; ".join(map(_said, open_)), tuple(tests), **where)
    hardest = Verdict(claim, "supported", "", tuple(tests)).deciding
    return Verdict(claim, "supported", "all conditions hold, the closest: " + _said(hardest), tuple(tests), **where)


def partly(claim: str, parts: dict[str, list[Test]], stretch: float = 1.0, said: str = "", **where: str) -> Verdict:
    """Returns a verdict that requires every part; if only some of them hold, the claim is partly supported.

    It then rests on the part with the smallest p, and pays for the choice.

    Arguments:
        claim: The claim.
        parts: The conditions of each part.
        stretch: Makes every interval so many times as long.
        said: What the parts in place of `{}` show, to begin the reason with.
        where: Data sets, seeds and widths, in words.
    """
    whole = all_of(claim, [test for part in parts.values() for test in part], stretch, **where)
    alone = {name: all_of(claim, part, stretch) for name, part in parts.items()}
    held = [name for name, part in alone.items() if part.verdict == "supported"]
    if whole.verdict == "supported" or not held:
        return whole
    best = min((alone[name] for name in held), key=lambda part: part.deciding.p)
    reason = f"{said.format(', '.join(held))}; {whole.reason}" if said else whole.reason
    return replace(whole, verdict="partly supported", partial=best.tests, among=len(parts), reason=reason)


def listed(means) -> dict[str, str]:
    """Returns data sets, seeds and widths of the rows of means, one for each data set, in words."""
    about = {
        name: ", ".join(f"{value} {data}" for value, data in zip(means[name], means["data"], strict=True))
        for name in ("seeds", "width")
    }
    return about | {"data": ", ".join(means["data"])}


def _said(test: Test) -> str:
    ends = f" [{test.low:.3g}, {test.high:.3g}]" if test.low == test.low else ""
    p = f", p = {test.p:.2g}" if test.level is not None else ""
    return f"{test.asked} is {test.effect:.3g}{ends}, asked {'<' if test.below else '>='} {test.bound:g}{p}"
