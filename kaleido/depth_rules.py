"""The rules of claims C2 and C4 and of their controls: what grows with depth, and at equal training loss."""

from dataclasses import replace
from functools import lru_cache

from kaleido.evidence import Evidence
from kaleido.rules import Verdict, all_of, listed, partly
from kaleido.sizes import DEEP, IMAGES
from kaleido.statistics import Test, contrast, interval, trending

__all__ = ["deeper_is_better", "deeper_maps_nearer", "effect_of_depth", "equal_loss", "levels_of"]

EFFECT, STEP = 0.10, 0.05  # the least effect, the largest step the other way
SHALLOW = 1  # the effect is the difference between depths 10 and 1
JUDGED, BESIDE = 20, (5, 10, 50)  # the run at which quality is compared, and those that must agree in sign
WITHIN = 0.03  # how far below its level an achieved loss may lie


def deeper_maps_nearer(
    found: Evidence,
    stretch: float = 1.0,
    variant: str = "mlp",
    data: tuple[str, ...] = (*IMAGES, "points1d", "points2d"),
) -> Verdict:
    """Claim C2: with depth, rho falls (C2a), and so does the median gain on noise (C2b), after equal steps.

    Arguments:
        found: Evidence of notebook 04.
        stretch: Makes every interval so many times as long.
        variant: Which networks.
        data: The data sets that it must hold on.
    """
    parts = [
        [test for name in data for test in _monotone(found, "C2", quantity, name, variant, "equal steps", 1, False)]
        for quantity in ("rho", "gain")
    ]
    return _either("C2", found, variant, parts, data, stretch)


def deeper_is_better(found: Evidence, stretch: float = 1.0, variant: str = "mlp") -> Verdict:
    """Claim C4: PC at run 20 rises with depth, after equal steps, with the same sign at runs 5, 10 and 50.

    Arguments:
        found: Evidence of notebook 04.
        stretch: Makes every interval so many times as long.
        variant: Which networks.
    """
    trends, steps = [], []
    for name in IMAGES:
        tests = _quality(found, name, variant, "equal steps")
        trends, steps = [*trends, *tests[:2]], [*steps, *tests[2:]]
    return _effect_alone("C4", found, variant, trends, steps, stretch)


def equal_loss(
    found: Evidence, stretch: float = 1.0, claim: str = "C2m", variants: tuple[str, ...] = ("mlp",)
) -> Verdict:
    """The tests of C2 or C4 between networks of equal training loss: controls C2m, C4m, C2p, C4p and C2i.

    At every level of the loss that all depths and seeds reached, and none by more than 3 % below it; a data set without
    such a level is not decidable.

    Arguments:
        found: Evidence of notebook 04.
        stretch: Makes every interval so many times as long.
        claim: The control, such as `C2m`.
        variants: Which networks; all of them must pass.
    """
    nearer, trends, steps, without = [[], []], [], [], []
    for variant in variants:
        if not _sets(found, variant):
            without.append(variant)
        for name in _sets(found, variant):
            levels = levels_of(found, name, variant)
            if not levels:
                without.append(f"{name} ({variant})")
            for level in levels:
                if claim.startswith("C2"):
                    for part, quantity in zip(nearer, ("rho", "gain"), strict=True):
                        part += _monotone(found, "C2", quantity, name, variant, level, 1, False)
                else:
                    tests = _quality(found, name, variant, level)
                    trends, steps = [*trends, *tests[:2]], [*steps, *tests[2:]]
    where = _where(found, variants[0], IMAGES)
    if without:
        reason = f"no level of the loss was reached, within 3 %, by all depths and seeds: {', '.join(without)}"
        return Verdict(claim, "not decidable", reason, (*nearer[0], *nearer[1], *trends, *steps), **where)
    if claim.startswith("C2"):
        return _either(claim, found, variants[0], nearer, IMAGES, stretch)
    return _effect_alone(claim, found, variants[0], trends, steps, stretch)


def levels_of(found: Evidence, data: str, variant: str = "mlp") -> list[str]:
    """Returns the conditions `loss ...` of a data set at which all depths and seeds have the same loss, within 3 %."""
    rows = found.rows(claim="C2", data=data, architecture=variant)
    expected = len(rows[(rows["quantity"] == "loss") & (rows["condition"] == "equal steps")])
    ratios = rows[rows["quantity"] == "loss over level"]
    kept = [
        condition
        for condition, group in ratios.groupby("condition")
        if len(group) == expected and group["value"].between(1 - WITHIN, 1).all()
    ]
    return sorted(kept, key=lambda condition: -float(condition.split()[1]))


def effect_of_depth(
    found: Evidence, quantity: str, data: str, variant: str, condition: str
) -> tuple[float, float, float]:
    """Returns the mean over seeds of depth 10 less depth 1, with its 95 % interval; PC is taken at run 20."""
    claim, run = ("C4", JUDGED) if quantity == "pc" else ("C2", 1)
    depths, values = _table(found, claim, quantity, data, variant, condition, run)
    return interval(values[:, depths.index(DEEP)] - values[:, depths.index(SHALLOW)])


def _where(found: Evidence, variant: str, data: tuple[str, ...]) -> dict[str, str]:
    rows = found.means(claim="C2", quantity="rho", architecture=variant, condition="equal steps", depth=DEEP)
    return listed(rows[rows["data"].isin(data)])


def _sets(found: Evidence, variant: str) -> list[str]:
    rows = found.rows(claim="C2", quantity="rho", architecture=variant)
    return [name for name in IMAGES if name in set(rows["data"])]


def _table(found: Evidence, claim: str, quantity: str, data: str, variant: str, condition: str, run: int) -> tuple:
    """Depths and values, one row per seed and one column per depth."""
    about = {"claim": claim, "quantity": quantity, "data": data, "architecture": variant}
    rows = found.rows(**about, condition=condition, run=run)
    table = rows.pivot(index="seeds", columns="depth", values="value").sort_index()
    if table.empty or table.isna().any(axis=None):
        raise ValueError(f"evidence {found.notebook} lacks {quantity} of {data} ({variant}, {condition}) at some depth")
    return list(table.columns), table.to_numpy()


@lru_cache(maxsize=1024)
def _monotone(found, claim, quantity, data, variant, condition, run, rising) -> tuple[Test, ...]:
    """The trend, its effect, and each step between neighbouring depths."""
    depths, values = _table(found, claim, quantity, data, variant, condition, run)
    shown = f"{data}, {condition}: {quantity.upper() if quantity == 'pc' else quantity}"
    shown += "" if variant == "mlp" else f" ({variant})"
    first, last = depths.index(SHALLOW), depths.index(DEEP)
    sign = 1 if rising else -1
    asked = f"{shown}, depth {DEEP} less {SHALLOW}"
    tests = [
        trending(f"{shown}, trend", values, rising, first, last),
        contrast(asked, values[:, last], values[:, first], sign * EFFECT, below=not rising),
    ]
    for i in range(len(depths) - 1):
        asked = f"{shown}, depth {depths[i + 1]} less {depths[i]}"
        tests.append(contrast(asked, values[:, i + 1], values[:, i], -sign * STEP, below=not rising))
    return tuple(tests)


@lru_cache(maxsize=1024)
def _quality(found: Evidence, data: str, variant: str, condition: str) -> tuple[Test, ...]:
    """C4's tests on one data set: the trend at run 20 and its effect; its steps, and the signs at other runs."""
    tests = list(_monotone(found, "C4", "pc", data, variant, condition, JUDGED, True))
    for run in BESIDE:
        depths, values = _table(found, "C4", "pc", data, variant, condition, run)
        effect, low, high = interval(values[:, depths.index(DEEP)] - values[:, depths.index(SHALLOW)])
        asked = f"{data}, {condition}: sign of the effect at run {run}"
        # a sign is asked for, no more: p is 0 or 1
        tests.append(Test(asked, effect, low, high, float(effect < 0), 0.0, False, len(values), 0.5))
    return tuple(tests)


def _either(claim, found, variant, parts: list[list[Test]], data: tuple[str, ...], stretch: float) -> Verdict:
    """Both of C2a and C2b: supported; one of them: partly."""
    where = _where(found, variant, data)
    return partly(claim, dict(zip("ab", parts, strict=True)), stretch, **where)


def _effect_alone(claim, found, variant, trends: list[Test], steps: list[Test], stretch: float) -> Verdict:
    """Trends, effects and every step: supported; trends and effects alone: partly."""
    where = _where(found, variant, IMAGES)
    trends, steps = ([test.stretched(stretch) for test in part] for part in (trends, steps))
    both = all_of(claim, trends + steps, **where)
    if both.verdict != "supported" and all_of(claim, trends).verdict == "supported":
        return replace(both, verdict="partly supported", partial=tuple(trends))
    return both
