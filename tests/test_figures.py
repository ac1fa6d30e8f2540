import io
import shutil

import pytest
import torch
from conftest import ROOT
from PIL import Image

import kaleido as kd
from kaleido import figures, gallery, pictures
from kaleido.evidence import read_evidence
from kaleido.figures import redraw, save
from kaleido.gallery import FIGURES
from kaleido.tools import files

RECORD = ROOT / "data" / "record"


@pytest.fixture
def recorded(build):
    """The record of the project, at the place where this test's record is."""
    shutil.copytree(RECORD, files.record_folder())


def test_a_figure_is_the_same_bytes_every_time(tmp_path):
    found = read_evidence(RECORD / "laptop", "01", "laptop")
    first, second = (save("01_orbits", found, tmp_path / place) for place in ("a", "b"))
    assert first == second
    assert set(first) == {"png", "pdf"}
    with Image.open(io.BytesIO(first["png"])) as image:
        assert image.width == pytest.approx(174 / 25.4 * 300, abs=2)  # a page's width in print


def test_only_what_is_out_of_date_is_drawn(tmp_path, recorded):
    folder = tmp_path / "figures"
    shutil.copytree(ROOT / "figures", folder)
    (folder / "01_orbits.png").unlink()
    assert redraw(folder) == ["01_orbits"]
    path = files.record_folder() / "laptop" / "03.csv"
    path.write_text(path.read_text().replace("0.", "0.0", 1))
    of_03 = [name for name, drawing in FIGURES.items() if drawing.notebook == "03" and not drawing.profile]
    assert redraw(folder) == of_03


def test_committed_figures_are_those_of_the_record(tmp_path, recorded):
    committed = tmp_path / "figures"
    shutil.copytree(ROOT / "figures", committed)
    assert redraw(committed) == []


def test_the_animation_is_small_and_turns():
    content = (ROOT / "figures" / "00_turning.gif").read_bytes()
    assert len(content) < 2 * 2**20
    with Image.open(io.BytesIO(content)) as image:
        assert image.n_frames == 21
        assert image.info["loop"] == 0


def test_an_animation_has_a_frame_for_each_run_and_a_place_for_each_chain():
    shown = torch.zeros(3, 4, 6, dtype=torch.uint8)
    shown[1, 2] = 255
    shown[2, 3] = 255
    content = pictures.animation(shown, (2, 3), columns=2, scale=1)
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (10, 8)
        image.seek(1)
        frame = image.convert("L")
        assert frame.getpixel((2, 5)) > 200
        assert frame.getpixel((7, 5)) == 0


def test_orbits_of_images_are_shown_and_others_refused(digits):
    orbit = kd.sample(lambda x: x, kd.noise(digits, 4), 2)
    shown = kd.show(orbit, digits)
    with Image.open(io.BytesIO(shown.data)) as image:
        assert image.format == "PNG"
    toy = kd.load("points1d")
    with pytest.raises(ValueError, match="holds no images"):
        kd.show(kd.sample(lambda x: x, kd.noise(toy, 4), 2), toy)


def test_figures_are_named(build):
    with pytest.raises(ValueError, match="unknown figure"):
        kd.draw("99_nothing", "smoke")
    with pytest.raises(FileNotFoundError, match="run notebook 01 first"):
        kd.draw("01_orbits", "smoke")


def test_the_list_of_figures_names_every_file_and_every_figure_of_the_paper():
    listed = (ROOT / "figures" / "README.md").read_text()
    assert listed == gallery.index()
    files = [path.name for path in (ROOT / "figures").iterdir() if path.suffix in (".png", ".pdf", ".gif", ".html")]
    assert not [name for name in files if f"({name})" not in listed]
    assert {name for ours in gallery.PUBLISHED.values() if not isinstance(ours, str) for name in ours} <= set(FIGURES)


def test_every_figure_has_words_for_those_who_cannot_see_it():
    assert all(len(drawing.alt) > 30 for drawing in FIGURES.values())


def test_a_figure_is_out_of_date_when_the_module_that_draws_it_was_edited():
    functions = [getattr(drawing.function, "func", drawing.function) for drawing in FIGURES.values()]
    assert {function.__module__.removeprefix("kaleido.") for function in functions} <= set(figures.DRAWN_BY)
