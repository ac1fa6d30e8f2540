"""A chapter: all that is one notebook's own, as a value that the laboratory is handed."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path

from kaleido.lab.cell import Cell
from kaleido.lab.drawing import Drawing
from kaleido.lab.endpoint import Endpoint
from kaleido.lab.evidence import Evidence, recorded, write_evidence
from kaleido.lab.sweep import Result, sweep
from kaleido.tools import files

__all__ = ["PROFILES", "Chapter", "collected", "place", "read"]

PROFILES = ("smoke", "laptop")


@dataclass(frozen=True, eq=False)
class Chapter:
    """All that is one notebook's own.

    Arguments:
        number: The notebook's number, such as `04`.
        title: What it is about.
        plan: Its cells, by profile; further arguments are the notebook's parameters of the same name.
        claims: Its endpoints, by name.
        figures: Its figures.
        extended: The cells of what takes too long for every run: computed once, recorded, and shown from the record.
        absent: Data sets that it would measure if they were here, and why they are not.
        deciding: The cells that decide claims about small networks, computed once and recorded, too.
    """

    number: str
    title: str
    plan: Callable[..., list[Cell]] = lambda profile: []
    claims: dict[str, Endpoint] = field(default_factory=dict)
    figures: tuple[Drawing, ...] = ()
    extended: Callable[[], list[Cell]] | None = None
    absent: Callable[[], dict[str, str]] = dict
    deciding: Callable[[], list[Cell]] | None = None

    def evidence(self, profile: str, **changes) -> Evidence:
        """Computes what the plan lacks, writes the evidence under the build folder and returns it.

        Arguments:
            profile: How large: `smoke` or `laptop`.
            changes: Parameters of the plan; what is `None` is as planned. Evidence and figures of a changed plan lie in
                a folder of their own, and are compared with nothing.

        Raises:
            ValueError: If the profile is unknown.
        """
        changes = {name: value for name, value in changes.items() if value is not None}
        cells = self.cells(profile, **changes)
        return collected(sweep(cells), place(profile, changes) / "evidence", self.number, profile)

    def cells(self, profile: str, **changes) -> list[Cell]:
        """Returns the cells of a profile; of `extended` and `paper`, what is computed once and recorded."""
        once = {"extended": self.extended, "paper": self.deciding}
        if profile in once:
            return once[profile]() if once[profile] else []
        if profile not in PROFILES:
            raise ValueError(f"unknown profile '{profile}', expected one of {', '.join(PROFILES)}")
        return self.plan(profile, **{name: read(value) for name, value in changes.items()})

    def plans(self, changes: dict) -> bool:
        """Returns whether its plan has all these parameters; a notebook may have others."""
        return set(changes) <= set(signature(self.plan).parameters)

    def recorded(self, found: Evidence, profile: str = "extended") -> Evidence:
        """Reads what was computed once, `extended` or `paper`; its figures go where those of other evidence go."""
        return recorded(self.number, profile, found.place)


def place(profile: str, changes: dict) -> Path:
    """Returns the folder of a profile's evidence, figures and notebooks; of a changed plan, a folder in it."""
    if not changes:
        return files.build_folder(profile)
    said = "-".join(f"{name}-{json.dumps(read(value))}" for name, value in sorted(changes.items()))
    return files.build_folder(profile) / f"with-{re.sub('[^A-Za-z0-9.]+', '-', said).strip('-')}"


def read(value):
    """A parameter as it was meant: papermill's `-p` hands lists over as text."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def collected(results: list[Result], folder: Path, notebook: str, profile: str) -> Evidence:
    """Writes what cells gave as evidence to a folder, and returns it as read."""
    records = []
    for result in results:
        cell = {name: getattr(result.cell, name) for name in ("data", "depth", "width")}
        records += [row | cell for row in result.rows]
    arrays = {name: array for result in results[::-1] for name, array in result.arrays.items()}  # the first seed's win
    return write_evidence(folder, notebook, profile, records, arrays)
