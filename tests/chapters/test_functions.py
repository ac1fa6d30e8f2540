"""The functions that the claims page and the gallery name are there, and are those that decide and draw."""

import re
from importlib import import_module

from kaleido.chapters import CHAPTERS, PAPER_FIGURES, PUBLISHED
from kaleido.lab.drawing import Drawing
from kaleido.lab.gallery import index
from kaleido.lab.ledger import deciders


def is_it(path, function):
    """Whether the function at a dotted path is this one, or makes it."""
    module, _, name = path.rpartition(".")
    found = getattr(import_module(module), name)
    code = (found.function if isinstance(found, Drawing) else found).__code__
    return function.__code__ in (code, *code.co_consts)


def test_every_claim_is_decided_by_the_function_that_is_named_in_its_own_chapter():
    named = re.findall(r"^\| (\w+) \| `(\S+)` \| `(\S+)` \|$", deciders(CHAPTERS), re.MULTILINE)
    claims = {name: (chapter, claim) for chapter in CHAPTERS for name, claim in chapter.claims.items()}
    assert sorted(name for name, *_ in named) == sorted(claims)
    for name, decides, draws in named:
        chapter, claim = claims[name]
        assert is_it(decides, claim.seeds), name
        assert is_it(draws, claim.figure.function), name
        own = chapter.plan.__module__.replace(".cells", ".claims")
        assert decides.rpartition(".")[0] in (own, "kaleido.chapters.scores"), name


def test_every_figure_is_drawn_by_the_function_that_the_gallery_names():
    every = (*CHAPTERS, *PAPER_FIGURES)
    page = index(every, PUBLISHED)
    named = re.findall(r"^\| `([\w/]+)` \(.+\) \| (\w+)\S* .*\| `(\S+)` \|$", page, re.MULTILINE)
    figures = {drawing.name: (chapter.number, drawing) for chapter in every for drawing in chapter.figures}
    assert sorted(name for name, *_ in named) == sorted(figures)
    for name, number, draws in named:
        assert is_it(draws, figures[name][1].function), name
        assert number == figures[name][0], name
    of_the_papers = re.findall(r"\[((?:paper/)?\d+_\w+)\]", page)
    assert of_the_papers
    assert set(of_the_papers) <= set(figures)
