import numpy as np
import pytest
from PIL import Image

from kaleido.data.reading import scaled


def test_the_middle_square_is_what_a_scaled_image_shows(tmp_path):
    image = np.zeros((8, 16), np.uint8)
    image[:, 4:12] = 200  # black on both sides of the middle square
    Image.fromarray(image).save(tmp_path / "a.png")
    Image.fromarray(image.T).save(tmp_path / "b.png")
    assert scaled(tmp_path, 4).min() > 180


def test_photographs_stand_upright_and_hidden_files_are_left_out(tmp_path):
    image = np.zeros((8, 8), np.uint8)
    image[:4] = 200  # bright above
    exif = Image.Exif()
    exif[0x0112] = 3  # the camera was upside down
    Image.fromarray(image[::-1, ::-1].copy()).save(tmp_path / "a.png", exif=exif)
    (tmp_path / ".ipynb_checkpoints").mkdir()
    Image.fromarray(image).save(tmp_path / ".ipynb_checkpoints" / "a.png")
    (tmp_path / "._a.png").write_bytes(b"what some systems leave beside a file")
    (upright,) = scaled(tmp_path, 8)
    assert (upright == image).all()
    Image.fromarray(image.astype(np.uint16) * 256).save(tmp_path / "deep.png")
    with pytest.raises(ValueError, match="more than 8 bits"):
        scaled(tmp_path, 8)
