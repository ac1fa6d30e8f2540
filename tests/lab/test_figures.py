import dataclasses
import io
import re
import shutil

import pytest
import torch
from conftest import ROOT
from matplotlib.text import Text
from PIL import Image

import kaleido as kd
from kaleido.chapters import CHAPTERS, PAPER_FIGURES, PUBLISHED, dimension, tour
from kaleido.lab import drawing as lab_drawing
from kaleido.lab import gallery, pictures
from kaleido.lab.drawing import Drawing, manifest
from kaleido.lab.evidence import read_evidence
from kaleido.lab.gallery import redraw
from kaleido.tools import files

RECORD = ROOT / "data" / "record"
ALL = (*CHAPTERS, *PAPER_FIGURES)
FIGURES = [drawing for chapter in ALL for drawing in chapter.figures]
PRINTED = [drawing for drawing in FIGURES if "pdf" in drawing.kinds]
LOSSES = dimension.figures.corner_losses


@pytest.fixture
def recorded(build):
    """The record of the project, at the place where this test's record is."""
    shutil.copytree(RECORD, files.record_folder())


def test_a_figure_is_the_same_bytes_every_time(tmp_path):
    found = read_evidence(RECORD / "laptop", "02", "laptop")
    first, second = (LOSSES.save(found, tmp_path / place) for place in ("a", "b"))
    assert first == second
    assert set(first) == {"png", "pdf"}
    with Image.open(io.BytesIO(first["png"])) as image:
        assert image.width == pytest.approx(174 / 25.4 * 300, abs=2)  # a page's width in print


def test_only_what_is_out_of_date_is_drawn(tmp_path, recorded):
    folder, chapters = tmp_path / "figures", [tour.CHAPTER, dimension.CHAPTER]
    every = [drawing.name for chapter in chapters for drawing in chapter.figures]
    assert redraw(chapters, PUBLISHED, folder) == every
    assert redraw(chapters, PUBLISHED, folder) == []
    (folder / f"{LOSSES.name}.png").unlink()
    assert redraw(chapters, PUBLISHED, folder) == [LOSSES.name]
    path = files.record_folder() / "laptop" / "00.csv"
    path.write_text(path.read_text().replace("0.", "0.0", 1))
    assert redraw(chapters, PUBLISHED, folder) == [drawing.name for drawing in tour.CHAPTER.figures]


def test_what_is_up_to_date_is_read_and_anything_else_drawn(tmp_path, monkeypatch):
    found = read_evidence(RECORD / "laptop", "02", "laptop")
    first = LOSSES.save(found, tmp_path)
    others = [dict.fromkeys(first, content) for content in (b"one", b"two", b"three")]
    ahead = iter(others)
    monkeypatch.setattr(Drawing, "render", lambda *_: next(ahead))
    assert LOSSES.save(found, tmp_path) == first
    (tmp_path / f"{LOSSES.name}.pdf").unlink()
    assert LOSSES.save(found, tmp_path) == others[0]
    assert LOSSES.save(found, tmp_path / "elsewhere") == others[1]
    assert LOSSES.save(dataclasses.replace(found, digest="of other numbers"), tmp_path) == others[2]


def test_committed_figures_are_those_of_the_record(tmp_path, recorded):
    committed = tmp_path / "figures"
    shutil.copytree(ROOT / "figures", committed)
    assert redraw(ALL, PUBLISHED, committed) == []


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


def test_a_figure_is_called_with_evidence_shown_above_its_caption_and_lies_beside_it(build, monkeypatch):
    with pytest.raises(FileNotFoundError, match="run notebook 02 first"):
        read_evidence(build / "smoke" / "evidence", "02", "smoke")
    shutil.copytree(RECORD / "laptop", build / "laptop" / "evidence")
    found = read_evidence(build / "laptop" / "evidence", "02", "laptop")
    shown = []
    monkeypatch.setattr(lab_drawing, "display", lambda *outputs: shown.extend(outputs))
    assert LOSSES(found) is None
    picture, caption = shown
    assert picture.alt == LOSSES.alt
    assert caption.data == f"**Figure 02_corner_losses.** {LOSSES.alt}"
    made = build / "laptop" / "figures"
    assert {path.name for path in made.glob("[!.]*")} == {f"{LOSSES.name}.png", f"{LOSSES.name}.pdf", "manifest.json"}
    assert manifest(made)[LOSSES.name]["evidence"] == found.digest


def test_the_list_of_figures_names_every_file_and_every_figure_of_the_paper():
    listed = (ROOT / "figures" / "README.md").read_text()
    assert listed == gallery.index(ALL, PUBLISHED)
    kinds = (".png", ".pdf", ".gif", ".html", ".js")
    files = [path for path in (ROOT / "figures").rglob("*") if path.suffix in kinds]
    names = [path.relative_to(ROOT / "figures").as_posix() for path in files]
    assert "paper/1_loss_manifold.png" in names
    assert not [name for name in names if f"({name})" not in listed]


def test_every_figure_has_a_name_of_its_own_and_those_of_the_paper_are_among_them():
    names = [drawing.name for drawing in FIGURES]
    assert len(names) == len(set(names)) > 40
    of_the_paper = {drawing for ours in PUBLISHED.values() if not isinstance(ours, str) for drawing in ours}
    assert of_the_paper <= set(FIGURES)


@pytest.mark.parametrize("drawing", FIGURES, ids=lambda drawing: drawing.name)
def test_a_caption_says_in_two_or_three_sentences_and_without_code_what_is_shown_and_to_be_seen(drawing):
    assert len(re.findall(r"[.](?= [A-Z]|$)", drawing.alt)) in (2, 3)
    assert not re.search(r"""[_`"<>$*]|\b(rho|kappa|mlp|cnn|unet)\b""", drawing.alt)


@pytest.mark.parametrize("drawing", PRINTED, ids=lambda drawing: drawing.name)
def test_a_figure_can_be_read_at_its_printed_size(drawing):
    notebook = next(chapter.number for chapter in ALL if drawing in chapter.figures)
    lab_drawing.theme()
    drawn = drawing.function(read_evidence(RECORD / (drawing.profile or "laptop"), notebook, "laptop"))
    assert drawn.get_size_inches()[0] in (lab_drawing.COLUMN, lab_drawing.PAGE)
    texts = [text for text in drawn.findobj(Text) if text.get_visible()]
    assert min(text.get_fontsize() for text in texts) >= 7
    assert not [text for text in texts if re.search(r"rho|kappa|mlp|points[12]d|no unit", text.get_text())]


@pytest.mark.parametrize("drawing", FIGURES, ids=lambda drawing: drawing.name)
def test_a_figure_is_out_of_date_when_the_module_that_draws_it_was_edited(edited, drawing):
    found = read_evidence(RECORD / "laptop", "02", "laptop")
    before = drawing.made_by(found)
    edited("kaleido.measures.quality")  # it changes numbers, and so the evidence
    edited(f"kaleido.chapters.{'dimension' if drawing in tour.CHAPTER.figures else 'tour'}.figures")
    assert drawing.made_by(found) == before
    edited(drawing.function.__module__)
    assert drawing.made_by(found)["drawn_by"] != before["drawn_by"]


def test_a_figure_is_out_of_date_when_a_module_that_it_reaches_or_a_file_that_it_reads_was_edited(edited, tmp_path):
    found = read_evidence(RECORD / "laptop", "00", "laptop")
    before = tour.figures.page.made_by(found)
    for i, path in enumerate(reads := tour.figures.page.reads):
        for more, same in ((b"", True), (b" ", False)):
            other = tmp_path / path.name
            other.write_bytes(path.read_bytes() + more)
            with_other = dataclasses.replace(tour.figures.page, reads=(*reads[:i], other, *reads[i + 1 :]))
            assert (with_other.made_by(found) == before) == same
    edited("kaleido.lab.pictures")
    assert tour.figures.page.made_by(found) != before
