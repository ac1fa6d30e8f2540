"""Notebook 05: its tables, and what its figures take from evidence too."""

import pandas as pd

from kaleido.chapters.architectures.cells import SHAPES
from kaleido.lab.evidence import Evidence, Table
from kaleido.lab.statistics import in_words, interval

FALL, ASKED = 0.10, 0.25  # by so much contraction must fall below the untrained network's; the least spread


def ranked(found: Evidence, data: str) -> Table:
    """To which degree each architecture shows it: ranked by the fall of contraction below the untrained network's.

    Returns:
        One row per architecture with 95 % intervals: `fall`, `spread`, `gain`, `noise kept`, `PC at run 20`, and
        the training `loss`, after the last step.
    """
    rows = []
    for name in found.rows(claim="C5", data=data)["architecture"].unique():

        def seeds(quantity: str, condition: str = "learned", run: int | None = 1, name: str = name):
            about = {"quantity": quantity, "data": data, "architecture": name, "condition": condition}
            return found.values(**about, **({"run": run} if run else {}))

        about = {
            "fall": seeds("rho", "untrained") - seeds("rho"),
            "spread": seeds("spread"),
            "gain": seeds("gain"),
            "noise kept": seeds("noise kept"),
            "PC at run 20": seeds("pc", run=20),
            "loss": seeds("loss", run=None),
        }
        rows.append({"architecture": name} | {key: interval(values) for key, values in about.items()})
    table = pd.DataFrame(rows).set_index("architecture")
    order = table["fall"].map(lambda ends: -ends[0]).argsort(kind="stable")
    return Table(table.iloc[order].map(lambda ends: in_words(*ends, digits=2)))


def searched(found: Evidence) -> pd.DataFrame:
    """The cells of the search, from the extended record of notebook 05: means over seeds.

    Returns:
        One row per architecture, depth, number of training images and state of the network: `fall`, `spread`, `pc` at
        run 20, `loss`, and whether the cell `shows` the phenomenon: a fall of more than 0.10, a spread of 0.25 or more.
        A level of the loss that not all seeds reached has no row.
    """
    rows = found.rows(claim="C5")
    names = rows["architecture"].str.extract(r"^(?P<kind>.*), (?P<images>\S+) images$")
    rows = rows.assign(kind=names["kind"], images=names["images"], run=rows["run"].fillna(0).astype(int))
    cell = ["kind", "depth", "images"]
    whole = rows["seeds"].nunique()

    def mean(quantity: str, run: int) -> pd.Series:
        some = rows[(rows["quantity"] == quantity) & (rows["run"] == run)]
        grouped = some.groupby([*cell, "condition"])["value"]
        return grouped.mean()[grouped.size() == whole]

    rho = mean("rho", 1)
    untrained = rho.xs("untrained", level="condition")
    table = pd.DataFrame({"rho": rho, "spread": mean("spread", 1), "pc": mean("pc", 20), "loss": mean("loss", 0)})
    table = table[table.index.get_level_values("condition") != "untrained"].reset_index()
    before = untrained.reindex(pd.MultiIndex.from_frame(table[cell])).to_numpy()
    table["fall"] = before - table["rho"]
    table["shows"] = (table["fall"] > FALL) & (table["spread"] >= ASKED)
    return table


def best_and_worst(cells: pd.DataFrame) -> Table:
    """Returns each architecture's default, best and worst cell of the search.

    The default is the depth of C5 with all images, after the last step; others are ranked by the fall of contraction,
    first those that show the phenomenon.
    """
    picked = []
    for kind, group in cells.groupby("kind", sort=False):
        ranked = group.sort_values(["shows", "fall"], ascending=False)
        usual = group[(group["depth"] == SHAPES["digits"][kind][0]) & (group["images"] == "all")]
        picked.append(usual[usual["condition"] == "learned"].assign(which="default"))
        picked += [ranked.head(1).assign(which="best"), ranked.tail(1).assign(which="worst")]
    columns = ["depth", "images", "condition", "loss", "fall", "spread", "pc", "shows"]
    table = pd.concat(picked).set_index(["kind", "which"])[columns].rename_axis(["architecture", "which"])
    return Table(table.replace({"condition": {"learned": "last step"}}).round(2))
