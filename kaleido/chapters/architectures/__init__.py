"""Notebook 05: CNNs, Transformers and U-Nets."""

from kaleido.chapters.architectures import cells, claims, figures, tables
from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import drawings_of

CHAPTER = Chapter(
    "05", "CNNs, Transformers and U-Nets", cells.plan, claims.CLAIMS, drawings_of(figures), cells.extended
)
evidence, recorded = CHAPTER.evidence, CHAPTER.recorded
