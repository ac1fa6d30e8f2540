import subprocess
import sys

import nbformat
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

import kaleido as kd
from kaleido import own


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
    (kept,) = (build / "own").glob("*.npy")
    assert np.load(kept).shape == (40, 16, 16)


def test_images_of_several_sizes_or_of_many_pixels_are_refused_with_what_to_do(pictures, tmp_path):
    with pytest.raises(ValueError, match="bring them to one size, as notebook 20 does"):
        own.measured(str(pictures), "smoke")
    np.save(tmp_path / "large.npy", np.zeros((9, 40, 40, 3), np.uint8))
    with pytest.raises(ValueError, match=r"4,800 features.*set `size`"):
        own.measured(str(tmp_path / "large.npy"), "smoke")
    with pytest.raises(ValueError, match="no folder of images"):
        own.measured(str(tmp_path / "large.npy"), "smoke", size=8)
    np.save(tmp_path / "rows.npy", np.zeros((9, 40)))
    with pytest.raises(ValueError, match="holds no images"):
        own.measured(str(tmp_path / "rows.npy"), "smoke")


def test_the_middle_square_is_what_a_scaled_image_shows(tmp_path):
    image = np.zeros((8, 16), np.uint8)
    image[:, 4:12] = 200  # black on both sides of the middle square
    Image.fromarray(image).save(tmp_path / "a.png")
    Image.fromarray(image.T).save(tmp_path / "b.png")
    assert own.scaled(tmp_path, 4).min() > 180


def test_labels_and_enough_images_give_scores_and_an_answer_on_quality(build, tmp_path, digits):
    images = np.concatenate([digits.train, digits.test]).reshape(-1, 8, 8)
    labels = np.concatenate([digits.train_labels, digits.test_labels])
    np.savez(tmp_path / "digits.npz", images=((images + 1) * 127.5).astype(np.uint8), labels=labels)
    found = own.measured(str(tmp_path / "digits.npz"), "smoke")
    answered = own.answers(found)
    assert answered["answer"].iloc[1] in ("no", "cannot be said")
    assert "precision is" in answered["why"].iloc[1]
    assert {"precision", "coverage", "novelty", "different pictures to a chain"} <= set(own.scores(found))
    # the same networks by the package's functions
    data = kd.load(tmp_path / "digits.npz", seed=100)
    (net,) = kd.build("mlp", data, 10, 16, [100])
    kd.learn([net], data.train, 20)
    seed = found.values(claim="C1", quantity="rho", architecture="mlp", condition="noise")[0]
    assert kd.contraction(net, kd.probes(data, "noise", 400, seed=100), data) == pytest.approx(seed, rel=1e-4)
