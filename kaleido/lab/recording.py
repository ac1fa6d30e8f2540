"""What is computed once and recorded, since it takes hours: shown or judged from the record."""

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import groupby
from pathlib import Path

import torch
from filelock import FileLock

from kaleido.lab.cell import Cell
from kaleido.lab.chapter import Chapter, collected
from kaleido.lab.evidence import add_evidence
from kaleido.lab.sweep import sweep
from kaleido.tools import files
from kaleido.tools.exact import processor

__all__ = ["described", "extend"]

MADE = "torch", "processor"  # what the list says beside a cell, of the machine that recorded it


def extend(chapters: Sequence[Chapter], profile: str = "extended") -> None:
    """Computes and records what the chapters have in a profile: see `Chapter.cells`.

    What the record of `paper` has from elsewhere stays there. Cells that differ in their seeds alone are recorded as
    soon as they are all computed, since those that follow may take days, and are listed in `cells.json` then: cells
    that are listed are not computed again, whatever has become of the code or the cache.

    Raises:
        ValueError: If a notebook has nothing of the profile.
    """
    for chapter in chapters:
        if not chapter.cells(profile):
            raise ValueError(f"notebook {chapter.number} has nothing in the {profile} record")
        if profile == "paper":
            for _, alike in groupby(chapter.cells(profile), key=lambda cell: replace(cell, seeds=())):
                _decide(chapter, list(alike))
            continue
        chapter.evidence(profile)
        for path in (files.build_folder(profile) / "evidence").glob(f"{chapter.number}.*"):
            files.write(files.root() / "data" / "record" / profile / path.name, path.read_bytes())


def described(chapter: Chapter, alike: Sequence[Cell]) -> dict:
    """Returns what names cells that differ in their seeds alone: their fields that are not as usual, and the seeds."""
    first = alike[0]
    cell = {each.name: getattr(first, each.name) for each in fields(first) if getattr(first, each.name) != each.default}
    seeds = [seed for each in alike for seed in each.seeds]
    return {"notebook": chapter.number, **json.loads(json.dumps(cell)), "seeds": seeds}


def _decide(chapter: Chapter, alike: Sequence[Cell]) -> None:
    """Computes and records cells that differ in their seeds alone, if the record does not list them."""
    folder, about = files.record_folder() / "paper", described(chapter, alike)
    path = folder / "cells.json"
    if about in [{name: each[name] for name in each if name not in MADE} for each in _listed(path)]:
        return
    found = collected(sweep(alike), files.build_folder("paper") / "evidence", chapter.number, "paper")
    files.cache_folder().mkdir(parents=True, exist_ok=True)
    with FileLock(files.cache_folder() / "record.lock"):  # another process may record, too
        add_evidence(folder, chapter.number, "paper", found.singles(), found.arrays)
        listed = [*_listed(path), about | dict(zip(MADE, (torch.__version__, processor()), strict=True))]
        files.write(path, "[\n" + ",\n".join(map(json.dumps, listed)) + "\n]\n")


def _listed(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
