"""What is computed once and recorded, since it takes hours: shown or judged from the record."""

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import groupby

import torch

from kaleido.lab.cell import Cell
from kaleido.lab.chapter import Chapter, collected
from kaleido.lab.evidence import add_evidence
from kaleido.lab.sweep import sweep
from kaleido.tools import files
from kaleido.tools.exact import processor

__all__ = ["described", "extend"]


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
    listed = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    if any(about.items() <= each.items() for each in listed):
        return
    found = collected(sweep(alike), files.build_folder("paper") / "evidence", chapter.number, "paper")
    add_evidence(folder, chapter.number, "paper", found.singles(), found.arrays)
    listed.append(about | {"torch": torch.__version__, "processor": processor()})
    files.write(path, "[\n" + ",\n".join(map(json.dumps, listed)) + "\n]\n")
