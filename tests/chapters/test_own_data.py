import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from conftest import ROOT, row
from PIL import Image

import kaleido as kd
from kaleido.chapters import own_data as own
from kaleido.chapters.own_data.answers import answers
from kaleido.lab.evidence import write_evidence
from kaleido.measures.baselines import MUST_NOT_PASS


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
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    said = "".join(output.text for output in outputs if output.get("name") == "stdout")
    assert said.count("?") == 5
    assert "record" not in said
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
    (kept,) = (build / "own").glob("*.npz")
    assert np.load(kept)["images"].shape == (40, 16, 16)
    assert said.count("Cannot be said") == 5  # of 8 held-out images


REFUSED = {
    "too many pixels": (np.zeros((20, 40, 40, 3), np.uint8), "4,800 numbers each.*scale them to 32 x 32 and save them"),
    "no images": (np.full((20, 40), -0.5), r"samples of shape \(40,\), expected images"),
    "channels first": (np.zeros((20, 3, 8, 8), np.uint8), "channels first: bring them last"),
    "three pixels": (np.zeros((20, 3, 3), np.uint8), "of 4 pixels a side and more"),
    "numbers from 0 to 1": (np.ones((20, 8, 8)), "float64 from 1 to 1: save bytes, or numbers from -1 to 1"),
    "one image": (np.zeros((20, 8, 8), np.uint8), "1 different images, expected 10 or more"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_arrays_that_are_no_images_to_learn_are_refused_before_learning(kind, tmp_path, build):
    images, says = REFUSED[kind]
    np.save(tmp_path / "images.npy", images)
    with pytest.raises(ValueError, match=says):
        own.measured(str(tmp_path / "images.npy"), "smoke")


def test_a_path_that_papermill_takes_for_a_number_is_a_path_or_refused(pictures, tmp_path, build, monkeypatch):
    _one_size(pictures, tmp_path / "2024", 8)
    monkeypatch.chdir(tmp_path)
    assert len(own.measured(2024, "smoke").table) == len(own.measured("2024", "smoke").table) > 0
    for taken in (1000.0, True, None, ["2024"]):
        with pytest.raises(TypeError, match=r"path is .*, expected a name or a path: papermill's -r"):
            own.measured(taken, "smoke")


def test_folders_and_names_that_do_not_do_are_refused_with_what_to_do(pictures, tmp_path, build):
    with pytest.raises(ValueError, match="bring them to one size, as notebook 20 does"):
        own.measured(str(pictures), "smoke")
    with pytest.raises(ValueError, match="size is 2, expected a whole number of at least 4"):
        own.measured(str(pictures), "smoke", size=2)
    with pytest.raises(ValueError, match=r"12,288 numbers each.*set `size`"):
        own.measured(str(_one_size(pictures, tmp_path / "large", 64)), "smoke")
    with pytest.raises(ValueError, match=r"unknown profile 'extended', expected one of smoke, laptop$"):
        own.measured(str(pictures), "extended", size=8)
    with pytest.raises(FileNotFoundError, match=r"there is nothing at 'nowhere' in /"):
        own.measured("nowhere/", "smoke")
    assert not (build / "cache").exists()


def test_what_notebook_20_refuses_kaleido_load_refuses_in_the_same_words(pictures, tmp_path, build, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _one_size(pictures, tmp_path / "faces", 8)
    _one_size(pictures, tmp_path / "points2d", 8)
    np.save("floats.npy", np.random.default_rng(0).random((40, 8, 8), dtype=np.float32))
    np.save("whole.npy", np.random.default_rng(0).integers(0, 9, (40, 8, 8)))
    np.save("deep.npy", np.zeros((40, 8, 8), np.uint16))
    np.save("masks.npy", np.eye(8, dtype=np.uint8)[None].repeat(40, 0))
    names = ["faces", "points2d", "floats.npy", "whole.npy", "deep.npy", "masks.npy", "nowhere", "nowhere/", "mnits"]
    for name in (*names, Path("faces.npz")):
        said = []
        for ask in (kd.load, lambda path: own.measured(path, "smoke")):
            with pytest.raises((ValueError, FileNotFoundError)) as refused:
                ask(name)
            said.append(str(refused.value))
        assert said[0] == said[1], name
    assert kd.load("floats.npy", bounds=(0, 1)).train.min() >= 0
    for path in ("./faces", Path("faces"), tmp_path / "faces"):
        assert kd.load(path).image_shape == (8, 8, 3)
        assert list(own.measured(path, "smoke").arrays["image shape"]) == [8, 8, 3]


def _one_size(pictures, folder, side):
    folder.mkdir()
    for path in pictures.glob("*.png"):
        Image.open(path).resize((side, side)).convert("RGB").save(folder / path.name)
    return folder


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
    answered = answers(found)
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
    assert answers(found)["answer"].iloc[1] == "cannot be said"
    assert "guessing the largest one" in answers(found)["why"].iloc[1]


ASKED = {  # quantity: its threshold, the answers below and above, a value with which all is well, and the answer then
    "rho": (0.5, "yes", "no", 0.2, "yes"),
    "precision": (0.8, "no", "yes", 0.9, "yes"),
    "coverage": (0.5, "no", "yes", 0.9, "yes"),
    "copy share": (0.05, "no", "yes", 0.01, "no"),
    "different pictures to a chain": (0.1, "yes", "no", 0.9, "no"),
}
WELL = [answer for *_, answer in ASKED.values()]


def planted(tmp_path, images=2000, held_out=400, labels=True, accuracy=0.9, trivial=None, **change):
    """Evidence of five seeds, about given means, in which all is well but for what is changed.

    Where the answers do not look, at other runs and on other inputs, it says the opposite.
    """
    rows = []

    def add(claim, quantity, architecture, condition, run, value, n=1000, apart=1e-4):
        about = {"width": 16, "condition": condition, "run": run, "n": n}
        rows.extend(
            row(claim, quantity, "mine", architecture, seed, value + (seed - 2) * apart, **about) for seed in range(5)
        )

    well = {quantity: value for quantity, (*_, value, _) in ASKED.items()}
    well |= {quantity: change[name] for quantity in well if (name := quantity.replace(" ", "_")) in change}
    trivial = (
        dict.fromkeys(("identity", "mean", "medoid", "black"), 0.9)
        | dict.fromkeys(MUST_NOT_PASS, 0.1)
        | (trivial or {})
    )
    add("C9", "loss", "mlp", "train", None, 0.05, images)
    add("C9", "held-out images", "data", "heldout", None, held_out, held_out, apart=0)
    for quantity, value in well.items():
        claim = {"rho": "C1", "precision": "C9", "coverage": "C9", "copy share": "B2"}.get(quantity, "B1")
        run = {"C1": 1, "B1": 50}.get(claim, 20)
        if claim == "C9" and not labels:
            continue
        add(claim, quantity, "mlp", "noise", run, value)
        opposite = 0.95 if value < 0.5 else 0.01
        add(claim, quantity, "mlp", *(("heldout", 1) if claim == "C1" else ("noise", 70 - run)), opposite)
        for name, theirs in trivial.items():
            if claim == ("C9" if name in MUST_NOT_PASS else "C1"):
                add(claim, quantity, name, *(("baseline", None) if claim == "C9" else ("noise", 1)), theirs)
        if claim == "C9":
            add(claim, quantity, "training points", "baseline", None, 0.95)
    if labels:
        add("C9", "largest class", "data", "heldout", None, 0.2)
        add("C9", "accuracy", "features", "heldout", None, accuracy)
    return write_evidence(tmp_path, "20", "laptop", rows)


@pytest.mark.parametrize("quantity", ASKED)
def test_each_answer_turns_at_its_threshold_and_is_undecided_about_it(tmp_path, quantity):
    threshold, below, above, *_ = ASKED[quantity]
    place = list(ASKED).index(quantity)
    for shift, answer in ((-0.001, below), (0, "undecided"), (0.001, above)):
        found = answers(planted(tmp_path, **{quantity.replace(" ", "_"): threshold + shift}))
        assert list(found["answer"]) == [*WELL[:place], answer, *WELL[place + 1 :]]
        side = "<" if quantity in ("rho", "different pictures to a chain") else "≥"
        assert f" is {threshold + shift:.2f} [" in found["why"].iloc[place]
        assert found["why"].iloc[place].endswith(f"; yes would be {side} {threshold:g}")


def test_the_last_question_names_the_last_run_and_all_are_printed(tmp_path, capsys):
    found = planted(tmp_path)
    assert answers(found).index[-1] == "Do chains fall onto few pictures by run 50?"
    own.report(found)
    assert capsys.readouterr().out.splitlines()[-1] == "Do chains fall onto few pictures by run 50? No."
    assert "| Do samples cover your images? | **yes** | coverage is 0.90 [0.90, 0.90];" in own.told(found).data


@pytest.mark.parametrize(
    ("about", "places", "why"),
    [
        ({"held_out": 99}, [0, 1, 2, 3, 4], "it needs 100 held-out images, and there are 99"),
        ({"held_out": 100}, [], ""),
        ({"labels": False}, [1, 2], "it needs labels and 300 held-out images"),
        ({"accuracy": 0.29}, [1, 2], "finds 0.29 of the classes, and guessing the largest one 0.20"),
        ({"accuracy": 0.31}, [], ""),
        ({"images": 100}, [4], "there are 100 training images, no more than the pictures that 1000 chains may keep"),
        ({"images": 101}, [], ""),
    ],
    ids=str,
)
def test_where_nothing_can_be_said_it_says_why(tmp_path, about, places, why):
    found = answers(planted(tmp_path, **about))
    assert list(found["answer"]) == ["cannot be said" if i in places else answer for i, answer in enumerate(WELL)]
    assert all(why in found["why"].iloc[i] for i in places)


def test_constants_and_samples_of_no_network_that_would_pass_are_named(tmp_path):
    passing = {"mean": 0.3, "identity": 0.3, "mixup": 0.85, "10 centroids": 0.6}
    named = ["mean would pass too", "mixup would pass too", "10 centroids, mixup would pass too", "", ""]
    found = answers(planted(tmp_path, trivial=passing))
    assert list(found["answer"]) == WELL
    assert [why.partition("; yes would be")[2].partition("; ")[2] for why in found["why"]] == named
    for shift in (0, -0.1):  # where the network does not pass, none is named
        values = {"rho": 0.5 - shift, "precision": 0.8 + shift, "coverage": 0.5 + shift}
        assert not answers(planted(tmp_path, trivial=passing, **values))["why"].str.contains("would pass").any()
