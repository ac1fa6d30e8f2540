"""Notebook 03: the MNIST kaleidoscope."""

from kaleido.chapters.kaleidoscope import cells, claims, figures
from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import drawings_of

CHAPTER = Chapter("03", "The MNIST kaleidoscope", cells.plan, claims.CLAIMS, drawings_of(figures))
evidence, recorded = CHAPTER.evidence, CHAPTER.recorded
