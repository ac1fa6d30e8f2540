"""Notebook 01: over-generalization."""

from kaleido.chapters.over_generalization import cells, claims, figures
from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import drawings_of

CHAPTER = Chapter("01", "Over-generalization", cells.plan, claims.CLAIMS, drawings_of(figures), deciding=cells.deciding)
evidence, recorded = CHAPTER.evidence, CHAPTER.recorded
