import io
import re

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from kaleido.chapters import PAPER_FIGURES
from kaleido.chapters.paper.cells import networks
from kaleido.chapters.paper.figures import losses
from kaleido.data.sets import TOYS as ALL_TOYS
from kaleido.lab.evidence import read_evidence

TOYS = {name: ALL_TOYS[name] for name in ("points1d", "points2d")}
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


def test_the_numbers_of_the_page_are_those_of_the_record(found):
    page, x = (FOLDER / "README.md").read_text(), np.linspace(0, 1, 401)
    loss = (found.arrays["points1d/map"].numpy()[:, 0] - x) ** 2
    between = (x > 0.2) & (x < 0.8)
    hump = loss[between].argmax()
    said = f"at {x[between][hump]:.2f} and {loss[between][hump]:.3f} high"
    assert f"Our loss is {loss[0]:.3f} at 0 and {loss[-1]:.3f} at 1, and our hump is {said}" in page
    for data, points in TOYS.items():
        chains, points = found.arrays[f"{data}/chains"].numpy()[:-1], np.array(points[0])  # the last run is not shown
        away = np.linalg.norm(chains[:, :, None] - points, axis=-1)
        close = (away.min(-1) <= 0.05).all(-1)
        rest = next(run for run in range(len(close)) if close[run:].all())
        ends = [str(n) for n in np.bincount(away[-1].argmin(-1), minlength=len(points))]
        assert f"all eight are within 0.05 of one from run {rest} on" in page
        told = f"{ends[0]} end at 0.2 and {ends[1]} at 0.8" if data == "points1d" else f"by {', '.join(ends[:-1])} and"
        assert told in page


def test_the_page_shows_every_picture_of_its_folder_in_the_papers_order():
    page = (FOLDER / "README.md").read_text()
    shown = re.findall(r"\]\((\w+\.(?:png|gif))\)", page)
    assert shown == sorted(shown)
    assert set(shown) == {path.name for path in FOLDER.iterdir() if path.suffix in (".png", ".gif")}


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
    assert {name[6] for name in names} == set("123456")
