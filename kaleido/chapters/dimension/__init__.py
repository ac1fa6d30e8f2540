"""Notebook 02: over-generalization and dimension."""

from kaleido.chapters.dimension import cells, claims, figures, tables
from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import drawings_of

CHAPTER = Chapter(
    "02", "Over-generalization and dimension", cells.plan, claims.CLAIMS, drawings_of(figures), deciding=cells.deciding
)
evidence, recorded = CHAPTER.evidence, CHAPTER.recorded
