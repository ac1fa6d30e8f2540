import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import kaleido as kd
from kaleido.data.reading import read, scaled


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


INK = np.kron(np.eye(4, dtype=bool), np.ones((4, 4), bool))  # 16 x 16


def saved(folder, image, name="a.png", **how):
    folder.mkdir(exist_ok=True)
    image.save(folder / name, **how)
    Image.fromarray(np.where(INK, 0, 255).astype(np.uint8)).save(folder / "b.png")  # black on white
    return folder


def drawn(mode):
    """Black ink on nothing."""
    if mode == "P":
        image = Image.fromarray(INK.astype(np.uint8), "P")
        image.putpalette([0, 0, 0, 0, 0, 0])
        return image, {"transparency": 0}
    pixels = np.zeros((*INK.shape, len(mode)), np.uint8)
    pixels[..., -1] = 255 * INK
    return Image.fromarray(pixels, mode), {}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_ink_on_nothing_is_read_as_it_looks_on_white(tmp_path, mode):
    image, how = drawn(mode)
    first, second = read(saved(tmp_path / mode, image, **how))[0]
    assert (first == second).all()


def test_a_picture_that_is_nothing_on_white_is_refused_by_its_name(tmp_path):
    pixels = np.full((16, 16, 4), 255, np.uint8)
    pixels[..., 3] = 255 * INK  # white ink
    with pytest.raises(ValueError, match=r"a\.png' is not a readable image: it is transparent"):
        read(saved(tmp_path, Image.fromarray(pixels)))


def test_an_opaque_picture_keeps_its_bytes_whether_it_has_an_alpha_channel_or_not(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    for name, same in (("plain", image), ("alpha", image.convert("RGBA"))):
        assert (read(saved(tmp_path / name, same))[0][0] == pixels).all()


@pytest.mark.parametrize("kind", ["tif", "gif", "webp", "png"])
def test_a_file_of_several_pictures_is_refused_with_how_many_it_holds(tmp_path, kind):
    frames = [Image.fromarray((INK * shade).astype(np.uint8)) for shade in (50, 100, 200)]
    frames[0].save(tmp_path / f"a.{kind}", save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match=rf"a\.{kind}' holds 3 pictures"):
        read(tmp_path)


def test_of_a_stereo_photograph_the_first_picture_is_read_as_viewers_do(tmp_path):
    frames = [Image.fromarray((INK * shade).astype(np.uint8)) for shade in (200, 100)]
    frames[0].save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=frames[1:])
    assert read(tmp_path)[0].max() > 150


def png16(path, pixels):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    kind = {1: 0, 2: 4, 3: 2, 4: 6}[pixels.shape[2]]
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_to_a_channel_are_refused_in_grey_as_in_colour(tmp_path, channels):
    png16(tmp_path / "a.png", np.random.default_rng(0).integers(0, 1024, (8, 8, channels)))
    with pytest.raises(ValueError, match=r"a\.png' has more than 8 bits"):
        read(tmp_path)


def test_a_portable_pixmap_of_sixteen_bits_is_refused_and_one_of_eight_is_read(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 3))
    (tmp_path / "a.ppm").write_bytes(b"P6 4 4 255\n" + pixels.astype(np.uint8).tobytes())
    assert (read(tmp_path)[0][0] == pixels).all()
    (tmp_path / "b.ppm").write_bytes(b"P6 4 4 65535\n" + (pixels * 257).astype(">u2").tobytes())
    with pytest.raises(ValueError, match=r"b\.ppm' has more than 8 bits"):
        read(tmp_path)


def test_a_folder_is_read_with_all_endings_that_pillow_knows_and_through_links(tmp_path):
    image, kinds = Image.fromarray((INK * 200).astype(np.uint8)), {"jfif": "jpeg", "pgm": "ppm", "png": "png"}
    for folder in ("set", "elsewhere", "set/like a file.png"):
        (tmp_path / folder).mkdir()
        for ending, kind in kinds.items():
            image.save(tmp_path / folder / f"a.{ending}", format=kind)
    (tmp_path / "set" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "linked" / "back").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "labels.csv").write_text("a,1")
    (tmp_path / "set" / "README").write_text("of no picture")
    with pytest.warns(UserWarning, match=r"9 images .* no other files: 1 of \.csv, 1 of no ending"):
        assert len(read(tmp_path / "set")[0]) == 9
    for path in [*tmp_path.rglob("*.png"), *tmp_path.rglob("*.pgm"), *tmp_path.rglob("*.jfif")]:
        if path.is_file():
            path.unlink()
    with pytest.raises(ValueError, match=r"no images that Pillow opens, but 1 of \.csv, 1 of no ending"):
        read(tmp_path / "set")


BYTES = np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8)


@pytest.mark.parametrize(
    ("images", "labels", "told"),
    [
        (np.zeros((12, 3, 8, 8), np.uint8) + 7, None, "channels first: bring them last"),
        (np.zeros((12, 8, 8, 4), np.uint8) + 7, None, "4 channels"),
        (np.zeros((12, 5, 8, 8), np.uint8) + 7, None, "8 channels"),
        (BYTES % 2, None, "no byte above 1"),
        (BYTES, np.arange(15), r"labels of shape \(15,\), expected one for each of 12"),
        (BYTES, np.arange(9), r"labels of shape \(9,\), expected one for each of 12"),
        (BYTES, np.eye(12), r"labels of shape \(12, 12\)"),
    ],
)
def test_arrays_that_are_no_images_or_have_other_labels_are_refused_by_the_files_name(tmp_path, images, labels, told):
    np.savez(tmp_path / "x.npz", images=images, **({} if labels is None else {"labels": labels}))
    with pytest.raises(ValueError, match=rf"x\.npz'.*{told}"):
        read(tmp_path / "x.npz")


def test_labels_of_another_byte_order_and_a_last_axis_of_one_are_read_as_what_they_mean(tmp_path):
    labels = np.arange(12) % 3
    np.savez(tmp_path / "x.npz", images=BYTES[..., None], labels=labels.astype(">i4"))
    images, found = read(tmp_path / "x.npz")
    assert (images == BYTES).all()
    assert found.dtype.isnative
    assert (found == labels).all()
    assert kd.load(tmp_path / "x.npz").train_labels.bincount().sum() == 9
