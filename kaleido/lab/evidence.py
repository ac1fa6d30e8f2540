"""Evidence: one tidy table per notebook, and the record that later runs are compared with."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from kaleido.lab.statistics import in_words, interval
from kaleido.tools import files

__all__ = [
    "IN_WORDS", "Evidence", "Table", "add_evidence", "compare", "read_evidence", "recorded", "tabulate",
    "write_evidence",
]  # fmt: skip

KEY = ["claim", "quantity", "data", "architecture", "depth", "width", "condition", "run"]
COLUMNS = [*KEY, "seeds", "value", "low", "high", "n", "tolerance"]
IN_WORDS = {  # names of the record, as readers see them in tables and figures
    "rho": "contraction", "fall": "fall of contraction", "kappa": "covered fraction", "pc": "PC",
    "frechet": "Fréchet distance", "sliced": "sliced Wasserstein distance",
    "mlp": "MLP", "cnn": "CNN", "autoencoder": "CNN, bottleneck", "transformer": "Transformer", "unet": "U-Net",
    "unet without skips": "U-Net, no skips", "untrained he": "untrained with He's weights",
    "mean": "mean image", "medoid": "one training image", "black": "black image", "He": "He's weights",
    "gaussian": "normal noise", "binary": "binary noise", "heldout": "held-out points",
    "foreign": "pieces of photographs", "nearest point": "nearest training point",
    "points1d": "2 points in 1-D", "points1d-tanh": "4 points in 1-D", "points2d": "4 points in 2-D",
    "mnist": "MNIST", "fashion": "Fashion-MNIST", "points": "points in cubes",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a notebook's claims are judged by.

    Arguments:
        notebook: Its number, such as `01`.
        profile: The profile it was computed in.
        table: One row per number. Rows of one seed have the probes or chains behind them as n; rows of several seeds
            (`seeds` such as `100-109`) are means with their 95 % t-interval, and n counts seeds.
        arrays: Small arrays for figures, by name.
        digest: SHA-256 of the table and the arrays.
        place: The build folder that its figures go to.
    """

    notebook: str
    profile: str
    table: pd.DataFrame
    arrays: dict[str, Tensor]
    digest: str
    place: Path

    def rows(self, **where) -> pd.DataFrame:
        """Returns the rows of single seeds whose columns have the given values, in the order of the seeds."""
        return self._where(~self._several, where)

    def means(self, **where) -> pd.DataFrame:
        """Returns the rows of means over seeds whose columns have the given values."""
        return self._where(self._several, where)

    def values(self, **where) -> np.ndarray:
        """Returns the values of single seeds, in the order of the seeds: the input of every test.

        Raises:
            ValueError: If they are not one number per seed.
        """
        rows = self.rows(**where)
        if rows.empty or rows["seeds"].duplicated().any():
            raise ValueError(f"evidence {self.notebook} has {len(rows)} rows with {where}, expected one per seed")
        return rows["value"].to_numpy()

    def singles(self) -> list[dict]:
        """Returns the rows of single seeds as `write_evidence` takes them."""
        rows = self.table[~self._several].assign(seed=lambda table: table["seeds"].astype(int))
        rows = rows.astype({"run": object}).where(rows.notna(), None)
        return rows[[*KEY, "seed", "value", "n"]].to_dict("records")

    @cached_property
    def _several(self) -> pd.Series:
        return self.table["seeds"].str.contains("-")

    def _where(self, chosen: pd.Series, where: dict) -> pd.DataFrame:
        for column, value in where.items():
            chosen = chosen & (self.table[column] == value)
        return self.table[chosen]


def write_evidence(
    folder: Path, notebook: str, profile: str, rows: list[dict], arrays: dict[str, Tensor] | None = None
) -> Evidence:
    """Writes rows of single seeds as a tidy table, with means over seeds, intervals and tolerances; returns it as read.

    Arguments:
        folder: Where to.
        notebook: Its number.
        profile: The profile they were computed in.
        rows: The columns of `KEY`, `seed`, `value` and `n`.
        arrays: Small arrays for figures, by name.

    Raises:
        ValueError: If there are two numbers for one seed, or one that is not finite.
    """
    folder = Path(folder)
    if arrays:
        files.write_tensors(folder / f"{notebook}.safetensors", arrays, {"notebook": notebook, "profile": profile})
    files.write(folder / f"{notebook}.csv", _table(rows))
    return read_evidence(folder, notebook, profile)


def add_evidence(
    folder: Path, notebook: str, profile: str, rows: list[dict], arrays: dict[str, Tensor] | None = None
) -> Evidence:
    """Writes rows into the evidence that may lie in a folder already: of the same seed's same number the new one stays.

    See `write_evidence`.
    """
    try:
        found = read_evidence(folder, notebook, profile)
    except FileNotFoundError:
        return write_evidence(folder, notebook, profile, rows, arrays)
    known = {_name(row): row for row in found.singles()} | {_name(row): row for row in rows}
    return write_evidence(folder, notebook, profile, list(known.values()), found.arrays | (arrays or {}))


def _name(row: dict) -> tuple:
    return *(row[name] for name in KEY), row["seed"]


def read_evidence(folder: Path, notebook: str, profile: str, place: Path | None = None) -> Evidence:
    """Reads a notebook's evidence from a folder.

    Arguments:
        folder: Where it lies.
        notebook: Its number.
        profile: The profile it was computed in.
        place: The build folder that its figures go to; by default the one that holds the folder.

    Raises:
        FileNotFoundError: If it is not there.
    """
    path = Path(folder) / f"{notebook}.csv"
    if not path.is_file():
        raise FileNotFoundError(f"there is no evidence {path}: run notebook {notebook} first")
    table = pd.read_csv(path, dtype={"seeds": str, "run": "Int64"}, keep_default_na=False, na_values=[""])
    arrays, header = {}, {}
    if path.with_suffix(".safetensors").exists():
        arrays, header = files.read_tensors(path.with_suffix(".safetensors"))
    seen = files.digest(
        path.read_bytes(), json.dumps(header), *(arrays[name].numpy().tobytes() for name in sorted(arrays))
    )
    return Evidence(notebook, profile, table, arrays, seen, place or Path(folder).parent)


def recorded(notebook: str, profile: str, place: Path | None = None) -> Evidence:
    """Reads a notebook's recorded evidence: of `extended`, what was computed once because it takes an hour.

    That comes from the project's own record, wherever `KALEIDO_RECORD` has moved the other profiles'.

    Raises:
        FileNotFoundError: If nothing is recorded.
    """
    folder = files.root() / "data" / "record" if profile == "extended" else files.record_folder()
    return read_evidence(folder / profile, notebook, profile, place)


class Table(pd.DataFrame):
    """A table that is shown with words for the record's names, by `IN_WORDS`; it is still cut by the names."""

    @property
    def _constructor(self) -> type["Table"]:
        return Table

    def __repr__(self) -> str:
        return repr(self.in_words())

    def _repr_html_(self) -> str:
        return self.in_words()._repr_html_()

    def in_words(self) -> pd.DataFrame:
        """Returns it as it is shown."""
        return pd.DataFrame(self).rename(index=IN_WORDS, columns=IN_WORDS)


def tabulate(rows: pd.DataFrame, index: list[str], columns: str = "quantity") -> Table:
    """Returns rows of means as a table to read: `mean [low, high]`, the mean alone where no seed differs."""
    said = [
        in_words(value, low, high, digits=3)
        for value, low, high in zip(rows["value"], rows["low"], rows["high"], strict=True)
    ]
    return Table(rows.assign(said=said).pivot(index=index, columns=columns, values="said").fillna(""))


def compare(found: Evidence, absent: Collection[str] = ()) -> tuple[int, int, pd.DataFrame] | None:
    """Compares evidence with the record of its profile.

    Arguments:
        found: The evidence.
        absent: Data sets that are not here, and have no numbers.

    Returns:
        How many numbers lie within their recorded tolerance, how many there are on both sides together, and the
        others: columns of the key, the found and the recorded value, the tolerance. Nothing if there is no record.
    """
    folder = files.record_folder() / found.profile
    if not (folder / f"{found.notebook}.csv").exists():
        return None
    record = read_evidence(folder, found.notebook, found.profile)
    on = [*KEY, "seeds"]
    here = record.table[~record.table["data"].isin(absent)]
    both = found.table[[*on, "value"]].merge(
        here[[*on, "value", "tolerance"]], on=on, how="outer", suffixes=("", " recorded")
    )
    within = (both["value"] - both["value recorded"]).abs() <= both["tolerance"]  # what one side lacks is not within
    return int(within.sum()), len(both), both[~within].sort_values(on)


def _table(rows: list[dict]) -> str:
    """The tidy table as text, to seven digits: as many as float32 has."""
    table = pd.DataFrame(_tidy(rows), columns=COLUMNS)
    table = table.astype({"run": "Int64", "depth": int, "width": int, "value": float, "n": int})
    return table.to_csv(index=False, lineterminator="\n", float_format="%.7g")


def _tidy(rows: list[dict]) -> list[dict]:
    """Adds means over seeds, intervals and tolerances to the rows of single seeds."""
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in KEY), []).append(row)
    tidy = []
    for key, group in groups.items():
        about = dict(zip(KEY, key, strict=True))
        group = sorted(group, key=lambda row: row["seed"])
        seeds, values = [row["seed"] for row in group], np.array([row["value"] for row in group], float)
        if len(set(seeds)) < len(seeds):
            raise ValueError(f"two numbers for one seed: {about}")
        if not np.isfinite(values).all():
            raise ValueError(f"not a finite number: {about}: {values}")
        tidy += [
            about | {"seeds": str(row["seed"]), "value": v, "n": row["n"], "tolerance": tolerance(v, values, 1)}
            for row, v in zip(group, values, strict=True)
        ]
        if len(group) > 1:
            mean, low, high = interval(values)
            several = {"seeds": f"{seeds[0]}-{seeds[-1]}", "value": mean, "low": low, "high": high, "n": len(group)}
            tidy.append(about | several | {"tolerance": tolerance(mean, values, len(group))})
    return tidy


def tolerance(value: float, values: np.ndarray, n: int) -> float:
    r"""Returns how far a number may lie from its record on another machine.

    .. math:: 4 s \sqrt{2 / n} + 0.005 |v| + 10^{-6}

    with s the standard deviation over seeds and n the seeds behind v. Another processor rounds differently, and
    training amplifies that: at worst v is a fresh draw of the same n seeds, and two draws mostly differ by less than
    four standard errors of their difference. The rest is for numbers that no seed moves. Of what only one seed was
    asked for there is no s: it may differ by a quarter.

    Arguments:
        value: v, the number itself.
        values: The seeds' values.
        n: 1 for the number of one seed, else how many are averaged.
    """
    if len(values) == 1:
        return 0.25 * abs(value) + 1e-6
    return 4 * float(np.std(values, ddof=1)) * np.sqrt(2 / n) + 0.005 * abs(value) + 1e-6
