"""The rules of claims B1 to B3: collapse, copies, and where chains end."""

import pandas as pd

from kaleido.evidence import Evidence
from kaleido.rules import SAMPLED, Verdict, all_of, listed
from kaleido.sizes import ATTRACTED, DEEP, IMAGES
from kaleido.statistics import contrast, in_words, interval, threshold

__all__ = ["collapse", "copies", "ends_found", "settling"]

EARLY, LATE, LAST = 5, 200, 500  # sampling runs
PICTURES, COPIES, NEITHER = 0.1, 0.05, 0.1  # different pictures to a chain; copies; chains that come to no end


def collapse(found: Evidence, stretch: float = 1.0) -> Verdict:
    """Claim B1: coverage at run 200 is below that at run 5, and at run 500 a tenth as many pictures as chains are left.

    Arguments:
        found: Evidence of notebook 07.
        stretch: Makes every interval so many times as long.
    """
    tests = []
    for data in IMAGES:
        late, early = (found.values(**_deep("B1", data), quantity="coverage", run=run) for run in (LATE, EARLY))
        tests.append(contrast(f"{data}: coverage at run {LATE} less run {EARLY}", late, early, 0.0, below=True))
        rows = found.rows(**_deep("B1", data), quantity="different pictures", run=LAST)
        left = (rows["value"] / rows["n"]).to_numpy()
        tests.append(threshold(f"{data}: different pictures to a chain", left, PICTURES, below=True))
    return all_of("B1", tests, stretch, **_where(found))


def copies(found: Evidence, stretch: float = 1.0) -> Verdict:
    """Claim B2: at run 20 the copy share is 0.05 or more, and samples lie nearer to training points than unseen data.

    Arguments:
        found: Evidence of notebook 07.
        stretch: Makes every interval so many times as long.
    """
    tests = []
    for data in IMAGES:
        about = _deep("B2", data) | {"run": SAMPLED}
        share, away = (found.values(**about, quantity=quantity) for quantity in ("copy share", "novelty"))
        tests.append(threshold(f"{data}: copy share", share, COPIES, below=False))
        tests.append(threshold(f"{data}: distance to training points, over that of unseen data", away, 1.0, below=True))
    return all_of("B2", tests, stretch, **_where(found))


def settling(found: Evidence, stretch: float = 1.0) -> Verdict:
    """Claim B3: at run 500 at most a tenth of the chains are in neither a fixed point nor a cycle.

    Arguments:
        found: Evidence of notebook 07.
        stretch: Makes every interval so many times as long.
    """
    shares = {data: found.values(**_deep("B3", data), quantity="share neither", run=LAST) for data in IMAGES}
    tests = [
        threshold(f"{data}: share of chains in neither", share, NEITHER, below=True) for data, share in shares.items()
    ]
    return all_of("B3", tests, stretch, **_where(found))


def ends_found(found: Evidence, data: str) -> pd.DataFrame:
    """Where chains end, by depth, and for larger networks, on one data set: means over seeds with 95 % intervals.

    Returns:
        One column per depth; a quantity that some seed lacks, since none of its chains came to an end, is left out.
    """
    asked = {
        "in a fixed point": ("share fixed", "noise"),
        "in a cycle": ("share cycle", "noise"),
        "in neither": ("share neither", "noise"),
        "different ends": ("ends", "noise"),
        "ends, seen or not, at least": ("ends at least", "noise"),
        "share of the largest basin": ("largest basin", "noise"),
        "share of ends at training points": ("ends at training points", "noise"),
        "spectral radius at ends": ("radius", "ends"),
        "spectral radius at training points": ("radius", "training points"),
        "training points with a radius below 1": ("radius below 1", "training points"),
        "training points recalled": ("recalled", "training points"),
        "Lyapunov exponent per run": ("exponent", "noise"),
    }
    columns = {}
    for depth, variant in [*((depth, "mlp") for depth in ATTRACTED), (DEEP, "larger")]:
        rows = found.rows(claim="B3", data=data, depth=depth, architecture=variant)
        said = {}
        for name, (quantity, condition) in asked.items():
            values = rows[(rows["quantity"] == quantity) & (rows["condition"] == condition)]["value"]
            if len(values) == rows["seeds"].nunique() and len(values):
                said[name] = in_words(*interval(values))
        if said:
            columns[f"depth {depth}" + ("" if variant == "mlp" else f", {variant}")] = said
    return pd.DataFrame(columns).reindex(asked).fillna("")


def _deep(claim: str, data: str) -> dict:
    """Which rows decide: those of the networks of depth 10."""
    return {"claim": claim, "data": data, "depth": DEEP, "architecture": "mlp"}


def _where(found: Evidence) -> dict[str, str]:
    return listed(found.means(claim="B1", quantity="pc", depth=DEEP, architecture="mlp", run=SAMPLED))
