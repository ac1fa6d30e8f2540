"""Notebook 09: what repairs the collapse and the jumps."""

from kaleido.chapters.remedies import cells, claims, figures, tables
from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import drawings_of

CHAPTER = Chapter(
    "09", "What repairs the collapse and the jumps", cells.plan, claims.CLAIMS, drawings_of(figures), cells.extended
)
evidence, recorded = CHAPTER.evidence, CHAPTER.recorded
