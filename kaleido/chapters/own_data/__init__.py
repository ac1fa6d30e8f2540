"""Notebook 20: the same measurements on a reader's own images."""

from kaleido.chapters.own_data.answers import chains, check, facts, measured, report, scores, told, unseen
from kaleido.chapters.own_data.cells import plan
from kaleido.lab.chapter import Chapter

CHAPTER = Chapter("20", "Your own data", plan)
