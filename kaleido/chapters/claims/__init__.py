"""Notebook 10: all claims and their verdicts."""

from kaleido.lab.chapter import Chapter

CHAPTER = Chapter("10", "All claims and their verdicts")
