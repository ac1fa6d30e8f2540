import io
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import ROOT
from PIL import Image

from kaleido.chapters import PAPER_FIGURES, paper
from kaleido.chapters.paper.cells import networks
from kaleido.chapters.paper.figures import losses
from kaleido.lab.evidence import read_evidence, recorded
from kaleido.lab.notebooks import extend

RECORD, FOLDER = ROOT / "data" / "record" / "paper", ROOT / "figures" / "paper"


@pytest.fixture(scope="module")
def found():
    return read_evidence(RECORD, "toys", "paper")


def test_the_toys_have_the_papers_settings_and_one_seed():
    about = [(c.data, c.depth, c.width, c.steps, c.batch, c.lr, c.seeds, c.probes, c.runs) for c in networks()]
    assert about == [
        ("points1d", 6, 10, 2000, None, 1e-3, (0,), 8, 20),
        ("points2d", 6, 50, 2000, None, 1e-3, (0,), 8, 15),
    ]


def test_recorded_chains_follow_the_recorded_map(found):
    chains, learned = (found.arrays[f"points1d/{name}"][..., 0].numpy() for name in ("chains", "map"))
    grid = np.linspace(0, 1, len(learned))
    between = grid[1] / 4  # how far a line between two places of the grid may miss a bend that changes the slope by 1
    np.testing.assert_allclose(chains[1:], np.interp(chains[:-1], grid, learned), atol=between)
    expected = (np.interp(chains[:-1], grid, learned) - chains[:-1]) ** 2
    np.testing.assert_allclose(losses(chains[..., None]), expected, atol=between)


def test_a_loss_is_a_mean_over_features():
    chains = np.array([[[0.0, 0.0]], [[3.0, 1.0]], [[3.0, 1.0]]])
    assert losses(chains).tolist() == [[5.0], [0.0]]


def test_what_is_computed_once_is_recorded_with_its_arrays(build):
    small = replace(paper.TOYS, deciding=lambda: [replace(networks()[0], steps=3, runs=2)])
    extend([small], "paper")
    kept = recorded("toys", "paper")
    assert {name: tuple(array.shape) for name, array in kept.arrays.items()} == {
        "points1d/map": (401, 1),
        "points1d/chains": (4, 8, 1),
    }
    assert len(kept.values(quantity="loss")) == 1


def test_what_is_finished_is_recorded_though_what_follows_fails(build):
    first = replace(networks()[0], steps=3, runs=2)
    broken = replace(first, study="no.such.module:study")
    small = replace(paper.TOYS, deciding=lambda: [first, replace(first, seeds=(1,)), broken])
    with pytest.raises(ModuleNotFoundError):
        extend([small], "paper")
    assert len(recorded("toys", "paper").values(quantity="loss")) == 2


def test_the_page_says_when_chains_have_come_to_rest_and_where(found):
    ends = torch.tensor([0.2] * 3 + [0.8] * 5)
    away = torch.tensor([0.2, 0.1, 0.06, 0.04, 0.06, 0.03] + [0.0] * 16)  # out again at run 4
    planted = replace(found, arrays=found.arrays | {"points1d/chains": (ends + away[:, None])[..., None]})
    said = paper.page.page.render(planted)["md"].decode()
    assert "within 0.05 of one from run 5 on, and 3 end at 0.2 and 5 at 0.8" in said


def test_the_page_shows_every_picture_of_its_folder_in_the_papers_order(found):
    page = (FOLDER / "README.md").read_text()
    assert page == paper.page.page.render(found)["md"].decode()
    shown = re.findall(r"\]\((\w+\.(?:png|gif))\)", page)
    assert shown == sorted(shown)
    assert set(shown) == {path.name for path in FOLDER.iterdir() if path.suffix in (".png", ".gif")}
    links = [link for link in re.findall(r"\]\((?!http)(.*?)\)", page) if not (FOLDER / link).exists()]
    assert links == []


@pytest.mark.parametrize(("name", "runs"), [("2_turning_1d", 20), ("3_turning_2d", 15), ("5_turning_mnist", 25)])
def test_a_moving_picture_is_small_and_has_a_frame_for_each_run(name, runs):
    content = (FOLDER / f"{name}.gif").read_bytes()
    assert len(content) < 1.5 * 2**20
    with Image.open(io.BytesIO(content)) as image:
        assert image.n_frames == runs + 1
        assert image.info["loop"] == 0


def test_each_of_the_papers_figures_lies_in_the_folder():
    names = [drawing.name for chapter in PAPER_FIGURES for drawing in chapter.figures]
    assert all(name.startswith("paper/") for name in names)
    assert {name[6] for name in names} == set("R123456")
