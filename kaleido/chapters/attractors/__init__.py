"""Notebook 07: what turning leads to."""

from kaleido.chapters.attractors import cells, claims, figures, tables
from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import drawings_of

CHAPTER = Chapter("07", "What turning leads to", cells.plan, claims.CLAIMS, drawings_of(figures))
evidence, recorded = CHAPTER.evidence, CHAPTER.recorded
