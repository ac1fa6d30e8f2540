"""Notebook 06: other data."""

from kaleido.chapters.data_sets import cells, claims, figures, tables
from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import drawings_of

CHAPTER = Chapter("06", "Other data", cells.plan, claims.CLAIMS, drawings_of(figures), absent=cells.absent)
evidence, recorded = CHAPTER.evidence, CHAPTER.recorded
