"""Notebook 00: a tour."""

from kaleido.chapters.tour import cells, figures
from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import drawings_of

CHAPTER = Chapter("00", "A tour", cells.plan, {}, drawings_of(figures))
evidence = CHAPTER.evidence
