"""Notebook 11: memory or generalization."""

from kaleido.chapters.memory import cells, claims, figures, tables
from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import drawings_of

CHAPTER = Chapter(
    "11", "Memory or generalization", cells.plan, claims.CLAIMS, drawings_of(figures), deciding=cells.deciding
)
evidence, recorded = CHAPTER.evidence, CHAPTER.recorded
