"""Notebook 04: its tables, and what its figures take from evidence too."""

import pandas as pd

from kaleido.chapters.common import DEEP, IMAGES, SAMPLED, SHALLOW, WITHIN
from kaleido.lab.evidence import Evidence
from kaleido.lab.statistics import in_words, interval


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
    """Returns the mean over seeds of depth 10 minus depth 1, with its 95 % interval; PC is taken at run 20."""
    claim, run = ("C4", SAMPLED) if quantity == "pc" else ("C2", 1)
    about = {"claim": claim, "quantity": quantity, "data": data, "architecture": variant, "condition": condition}
    deep, shallow = (found.values(**about, run=run, depth=depth) for depth in (DEEP, SHALLOW))
    return interval(deep - shallow)


def effects_of_depth(found: Evidence) -> pd.DataFrame:
    """Returns `effect_of_depth` of every variant in words, as `figures.not_depth` draws it.

    Returns:
        Columns rho, gain and pc; one row per data set, variant and condition: equal steps, and the lowest level of the
        loss that all depths reached.
    """
    rows = {}
    for data in IMAGES:
        for variant in found.rows(quantity="rho", data=data)["architecture"].unique():
            for condition in ("equal steps", *levels_of(found, data, variant)[-1:]):
                about = (data, variant, condition)
                rows[about] = {name: in_words(*effect_of_depth(found, name, *about)) for name in ("rho", "gain", "pc")}
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.rename_axis(["data", "architecture", "condition"])
