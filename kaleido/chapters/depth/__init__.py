"""Notebook 04: depth, and what is not depth."""

from kaleido.chapters.depth import cells, claims, figures, tables
from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import drawings_of

CHAPTER = Chapter("04", "Depth, and what is not depth", cells.plan, claims.CLAIMS, drawings_of(figures), cells.extended)
evidence, recorded = CHAPTER.evidence, CHAPTER.recorded
