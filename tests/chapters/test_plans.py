import pytest

from kaleido.chapters import CHAPTERS, over_generalization
from kaleido.chapters.common import IMAGES
from kaleido.chapters.kaleidoscope.cells import MLPS
from kaleido.lab.chapter import PROFILES


def test_plans_know_their_profiles():
    for profile in (*PROFILES, "extended", "paper"):
        for chapter in CHAPTERS:
            cells = chapter.cells(profile)
            first = [cell.seeds[0] for cell in cells[:1]]
            assert first in (
                [],
                [3],
                [100],
                [110],
                [200],
                [300],
            )  # 3: a pilot; 110: other seeds of the extended profile; 200 and 300: those that decide
            assert len(set(cells)) == len(cells)
    laptop = over_generalization.CHAPTER.cells("laptop")
    unseen = [cell for cell in laptop if cell.study.endswith(":unseen")]
    for data in IMAGES:
        seeds = [cell.seeds for cell in unseen if cell.data == data]
        assert seeds == [(100 + i,) for i in range(MLPS["laptop"][data].seeds)]
    assert {cell.depth for cell in unseen} == {10}
    with pytest.raises(ValueError, match="smoke, laptop"):
        over_generalization.CHAPTER.cells("desktop")


def test_every_notebook_that_measures_has_cells_in_the_small_profiles():
    for profile in ("smoke", "laptop"):
        assert [chapter.number for chapter in CHAPTERS if not chapter.cells(profile)] == ["10"]
