import subprocess
import sys

import nbformat
import numpy as np
import pytest
import torch
from conftest import ROOT
from PIL import Image

import kaleido as kd
from kaleido import own
from kaleido.baselines import MUST_NOT_PASS
from kaleido.evidence import write_evidence
from kaleido.studies import row


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of photographs of different sizes."""
    folder = tmp_path_factory.mktemp("pictures") / "my images"
    folder.mkdir()
    for i, face in enumerate(kd.load("faces").train[:40]):
        face = ((face.reshape(25, 25) + 1) * 127.5).round().byte().numpy()
        Image.fromarray(face).resize((25 + i % 3, 30)).save(folder / f"{i}.png")
    return folder


def test_papermill_measures_a_folder_of_pngs_by_its_path(pictures, build):
    notebook = ROOT / "notebooks" / "20_your_own_data.ipynb"
    command = [sys.executable, "-m", "papermill", notebook, "out.ipynb", "-p", "path", f"{pictures.name}/"]
    command += ["-p", "profile", "smoke", "-p", "size", "16"]
    done = subprocess.run(command, cwd=pictures.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    cells = nbformat.read(pictures.parent / "out.ipynb", as_version=4).cells
    said = "".join(output.get("text", "") for output in cells[-2].outputs)
    assert said.count("?") == 4
    assert "record" not in said
    assert sum("image/png" in output.get("data", {}) for cell in cells for output in cell.get("outputs", ())) == 2
    (kept,) = (build / "own").glob("*.npz")
    assert np.load(kept)["images"].shape == (40, 16, 16)
    assert said.count("Cannot be said") == 4  # of 8 held-out images


REFUSED = {
    "too many pixels": (np.zeros((20, 40, 40, 3), np.uint8), "4,800 numbers each.*scale them to 32 x 32 before"),
    "no images": (np.zeros((20, 40)), r"samples of shape \(40,\), expected images"),
    "channels first": (np.zeros((20, 3, 8, 8), np.uint8), r"samples of shape \(3, 8, 8\), expected images"),
    "three pixels": (np.zeros((20, 3, 3), np.uint8), "of 4 pixels a side and more"),
    "numbers from 0 to 1": (np.ones((20, 8, 8)), "float64 from 1 on: save bytes, or numbers from -1 to 1"),
    "one image": (np.zeros((20, 8, 8), np.uint8), "1 different images, expected 10 or more"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_arrays_that_are_no_images_to_learn_are_refused_before_learning(kind, tmp_path, build):
    images, says = REFUSED[kind]
    np.save(tmp_path / "images.npy", images)
    with pytest.raises(ValueError, match=says):
        own.measured(str(tmp_path / "images.npy"), "smoke")


def test_folders_and_names_that_do_not_do_are_refused_with_what_to_do(pictures, tmp_path, build):
    with pytest.raises(ValueError, match="bring them to one size, as notebook 20 does"):
        own.measured(str(pictures), "smoke")
    with pytest.raises(ValueError, match="size is 2, expected a whole number of at least 4"):
        own.measured(str(pictures), "smoke", size=2)
    with pytest.raises(ValueError, match=r"12,288 numbers each.*set `size`"):
        own.measured(str(_one_size(pictures, tmp_path / "large", 64)), "smoke")
    with pytest.raises(ValueError, match="unknown profile 'extended', expected one of smoke, laptop, paper"):
        own.measured(str(pictures), "extended", size=8)
    with pytest.raises(FileNotFoundError, match=r"there is nothing at 'nowhere/' \(looked in"):
        own.measured("nowhere/", "smoke")
    assert not (build / "cache").exists()


def _one_size(pictures, folder, side):
    folder.mkdir()
    for path in pictures.glob("*.png"):
        Image.open(path).resize((side, side)).convert("RGB").save(folder / path.name)
    return folder


def test_the_middle_square_is_what_a_scaled_image_shows(tmp_path):
    image = np.zeros((8, 16), np.uint8)
    image[:, 4:12] = 200  # black on both sides of the middle square
    Image.fromarray(image).save(tmp_path / "a.png")
    Image.fromarray(image.T).save(tmp_path / "b.png")
    assert own.scaled(tmp_path, 4).min() > 180


def test_photographs_stand_upright_and_hidden_files_are_left_out(tmp_path):
    image = np.zeros((8, 8), np.uint8)
    image[:4] = 200  # bright above
    exif = Image.Exif()
    exif[0x0112] = 3  # the camera was upside down
    Image.fromarray(image[::-1, ::-1].copy()).save(tmp_path / "a.png", exif=exif)
    (tmp_path / ".ipynb_checkpoints").mkdir()
    Image.fromarray(image).save(tmp_path / ".ipynb_checkpoints" / "a.png")
    (tmp_path / "._a.png").write_bytes(b"what some systems leave beside a file")
    (scaled,) = own.scaled(tmp_path, 8)
    assert (scaled == image).all()
    Image.fromarray(image.astype(np.uint16) * 256).save(tmp_path / "deep.png")
    with pytest.raises(ValueError, match="more than 8 bits"):
        own.scaled(tmp_path, 8)


@pytest.fixture
def labelled(tmp_path, digits):
    """All digits with their labels as a file, and some of them twice."""
    images = ((torch.cat([digits.train, digits.test]).reshape(-1, 8, 8) + 1) * 127.5).byte().numpy()
    labels = torch.cat([digits.train_labels, digits.test_labels]).numpy()

    def write(labels, *more):
        at = tmp_path / "digits.npz"
        np.savez(at, images=np.concatenate([images, *more]), labels=np.concatenate([labels, labels[: len(more)]]))
        return str(at)

    return write, images, labels


def test_labels_and_enough_images_give_scores_and_an_answer_on_quality(build, labelled):
    write, images, labels = labelled
    found = own.measured(write(labels, images[:1]), "smoke")
    facts = own.facts(found)
    assert facts["training images"] + facts["held-out images"] == 1797  # the one that is there twice counts once
    answered = own.answers(found)
    assert answered["answer"].iloc[1] in ("no", "cannot be said")
    assert "precision is" in answered["why"].iloc[1]
    assert {"precision", "coverage", "novelty", "different pictures to a chain"} <= set(own.scores(found))
    # the same networks by the package's functions
    (kept,) = (build / "own").glob("*.npz")
    data = kd.load(kept, seed=100)
    (net,) = kd.build("mlp", data, 10, 16, [100])
    kd.learn([net], data.train, 20)
    seed = found.values(claim="C1", quantity="rho", architecture="mlp", condition="noise")[0]
    assert kd.contraction(net, kd.probes(data, "noise", 400, seed=100), data) == pytest.approx(seed, rel=1e-4)


def test_labels_that_say_nothing_judge_nothing(build, labelled):
    write, _, labels = labelled
    found = own.measured(write(np.roll(labels, 7)), "smoke")
    assert own.answers(found)["answer"].iloc[1] == "cannot be said"
    assert "guessing the largest one" in own.answers(found)["why"].iloc[1]


def planted(tmp_path, images=2000, held_out=400, **values):
    """Evidence of five seeds in which all is well, but for the given values."""
    rows = []

    def add(claim, quantity, architecture, condition, run, value, n):
        value = values.get(quantity.replace(" ", "_"), value) if architecture in ("mlp", "data", "features") else value
        about = {"data": "mine", "depth": 10, "width": 16}
        rows.extend(
            row(claim, quantity, architecture, condition, run, seed, value + seed * 1e-4, n) | about
            for seed in range(5)
        )

    for name, rho, spread in (("mlp", 0.2, 0.6), ("mean", 0.3, values.get("constant", 0.0))):
        add("C1", "rho", name, "noise", 1, rho, 1000)
        add("C1", "spread", name, "noise", 1, spread, 1000)
    for name in ("untrained", "untrained he", "linear", "identity", "medoid", "black"):
        add("C1", "rho", name, "noise", 1, 0.9, 1000)
        add("C1", "spread", name, "noise", 1, 0.0, 1000)
    add("C9", "loss", "mlp", "train", None, 0.05, images)
    add("C9", "held-out images", "data", "heldout", None, held_out, held_out)
    add("C9", "largest class", "data", "heldout", None, 0.2, held_out)
    add("C9", "accuracy", "features", "heldout", None, 0.9, held_out)
    for name, condition, run in (
        ("mlp", "noise", 20),
        *((name, "baseline", None) for name in (*MUST_NOT_PASS, "training points")),
    ):
        for quantity in ("precision", "coverage", "recall", "density"):
            add("C9", quantity, name, condition, run, 0.9 if run or name == "training points" else 0.1, held_out)
    add("B1", "different pictures to a chain", "mlp", "noise", 20, 0.9, 1000)
    add("B2", "copy share", "mlp", "noise", 20, 0.01, 1000)
    add("B2", "novelty", "mlp", "noise", 20, 0.8, 1000)
    return write_evidence(tmp_path, "20", "laptop", rows)


@pytest.mark.parametrize(
    ("values", "answers"),
    [
        ({}, ["yes", "yes", "no", "no"]),
        ({"held_out": 99}, ["cannot be said"] * 4),
        ({"rho": 0.6}, ["no", "yes", "no", "no"]),
        ({"constant": 0.3}, ["cannot be said", "yes", "no", "no"]),
        ({"coverage": 0.4}, ["yes", "no", "no", "no"]),
        ({"recall": 0.2}, ["yes", "partly", "no", "no"]),
        ({"accuracy": 0.25}, ["yes", "cannot be said", "no", "no"]),
        ({"copy_share": 0.3}, ["yes", "yes", "yes", "no"]),
        ({"different_pictures_to_a_chain": 0.05}, ["yes", "yes", "no", "yes"]),
        ({"different_pictures_to_a_chain": 0.05, "images": 100}, ["yes", "yes", "no", "cannot be said"]),
    ],
    ids=str,
)
def test_answers_follow_the_evidence(tmp_path, values, answers):
    assert list(own.answers(planted(tmp_path, **values))["answer"]) == answers
