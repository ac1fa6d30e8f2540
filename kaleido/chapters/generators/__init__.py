"""Notebook 08: the kaleidoscope as a generator."""

from kaleido.chapters.generators import cells, claims, figures, tables
from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import drawings_of

CHAPTER = Chapter(
    "08", "The kaleidoscope as a generator", cells.plan, claims.CLAIMS, drawings_of(figures), cells.extended,
    deciding=cells.deciding,
)  # fmt: skip
evidence, recorded = CHAPTER.evidence, CHAPTER.recorded
