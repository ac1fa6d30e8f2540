import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits, load_sample_image

import kaleido as kd
from kaleido.tools.seeds import generator


def idx(shape, content):
    return b"\0\0\x08" + bytes([len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape) + content


def test_digits_are_scikit_learns_split_by_class_without_overlap(digits):
    images, labels = load_digits(return_X_y=True)
    both = torch.cat([digits.train, digits.test])
    assert digits.train.shape == (1437, 64)
    assert digits.test.shape == (360, 64)
    original = torch.from_numpy(images).float() / 8 - 1
    assert torch.equal(both.sort(0).values, original.sort(0).values)
    by_class = np.bincount(labels) / len(labels)
    assert np.allclose(np.bincount(digits.test_labels) / 360, by_class, atol=0.003)
    lookup = {row.tobytes(): label for row, label in zip(original.numpy(), labels, strict=True)}
    assert all(lookup[x.numpy().tobytes()] == y for x, y in zip(digits.test, digits.test_labels, strict=True))


def test_mnist5k_has_five_hundred_of_each_digit():
    data = kd.load("mnist5k", seed=100)
    assert (data.train.shape, data.test.shape) == ((4000, 784), (1000, 784))
    assert torch.cat([data.train_labels, data.test_labels]).bincount().tolist() == [500] * 10
    assert (data.train.min(), data.train.max()) == (-1, 1)


def test_a_seed_draws_the_split():
    one, again, other = (kd.load("digits", seed=seed) for seed in (1, 1, 2))
    assert one.digest == again.digest != other.digest


def test_the_digest_knows_all_that_a_data_set_holds(digits):
    labels = digits.train_labels
    others = [
        replace(digits, image_shape=(4, 16)),
        replace(digits, image_shape=None),
        replace(digits, bounds=(-1.0, 1.5)),
        replace(digits, test=digits.test[1:], test_labels=None),
        replace(digits, train_labels=labels.flip(0)),
        replace(digits, train_labels=None, test_labels=None),
        kd.Dataset("flat", digits.train.reshape(-1, 32), digits.test.reshape(-1, 32), digits.bounds),
    ]
    assert len({digits.digest, *(other.digest for other in others)}) == 1 + len(others)
    assert replace(digits, name="other", bounds=(-1, 1), image_shape=(np.int64(8), 8)).digest == digits.digest
    edited = replace(digits, train=digits.train.clone())
    assert edited.digest == digits.digest
    edited.train[0, 0] = 0.123
    assert edited.digest != digits.digest


def test_bounds_may_be_zero_and_one(digits):
    unit = kd.load("digits", seed=100, bounds=(0, 1))
    assert torch.allclose(unit.train * 2 - 1, digits.train)


def test_toys_are_the_published_points():
    assert kd.load("points1d").train.flatten().tolist() == pytest.approx([0.2, 0.8])
    assert kd.load("points2d").train.shape == (4, 2)
    cube = kd.load("points-16-2048", seed=3)
    assert cube.train.shape == (2048, 16)
    assert cube.digest != kd.load("points-16-2048", seed=4).digest
    assert 0.45 < cube.train.mean() < 0.55


def test_noise_is_uniform_or_clipped_normal_in_the_bounds(digits):
    uniform, gaussian = (kd.noise(digits, 5000, kind, seed=7) for kind in ("uniform", "gaussian"))
    for z in (uniform, gaussian):
        assert z.min() >= -1
        assert z.max() <= 1
        assert abs(z.mean()) < 0.01
    assert uniform.var().item() == pytest.approx(4 / 12, rel=0.02)
    assert (gaussian.abs() == 1).float().mean().item() == pytest.approx(0.317, abs=0.01)  # beyond one deviation
    assert torch.equal(uniform, kd.noise(digits, 5000, "uniform", seed=7))


def test_mixup_lies_between_training_points_and_held_out_points_are_the_test_set(digits):
    mixed = kd.probes(digits, "mixup", 50)
    assert mixed.min() >= -1
    assert kd.nearest(mixed, digits.train)[0].median() > 0
    low, high = digits.train.min(0).values, digits.train.max(0).values
    assert ((mixed >= low - 1e-6) & (mixed <= high + 1e-6)).all()
    assert torch.equal(kd.probes(digits, "heldout", 1000), digits.test)


def test_foreign_probes_come_into_the_bounds(digits):
    foreign = kd.probes(digits, "foreign", 100, foreign=kd.points(64, 200))
    assert foreign.shape == (100, 64)
    assert foreign.min() < -0.9
    assert foreign.max() > 0.9
    with pytest.raises(ValueError, match="64 features"):
        kd.probes(digits, "foreign", foreign=kd.points(3, 10))


def test_streams_of_one_seed_do_not_meet():
    draws = [torch.rand(3, generator=generator(5, purpose)).tolist() for purpose in ("weights", "batches")]
    assert draws[0] != draws[1]


@pytest.mark.parametrize("kind", ["npy", "npz", "idx", "idx.gz", "folder"])
def test_a_path_loads_what_was_written(tmp_path, kind):
    images = np.arange(10 * 4 * 3, dtype=np.uint8).reshape(10, 4, 3) * 2
    path = tmp_path / f"mine.{kind}"
    if kind == "npy":
        np.save(path, images)
    elif kind == "npz":
        np.savez(path, images=images, labels=[0, 1] * 5)
    elif kind == "folder":
        path.mkdir()
        for i, image in enumerate(images):
            Image.fromarray(image).save(path / f"{i}.png")
    else:
        content = idx(images.shape, images.tobytes())
        path.write_bytes(gzip.compress(content) if kind == "idx.gz" else content)
    data = kd.load(path)
    both = ((torch.cat([data.train, data.test]) + 1) * 127.5).round().int()
    assert data.image_shape == (4, 3)
    assert sorted(map(tuple, both.tolist())) == sorted(map(tuple, images.reshape(10, -1).tolist()))


def test_colour_images_keep_their_channels(tmp_path):
    for i in range(3):
        Image.new("RGB", (4, 2), (i, 100, 200)).save(tmp_path / f"{i}.png")
    assert kd.load(tmp_path).image_shape == (2, 4, 3)


def bad_file(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("short.idx", idx((3, 2, 2), bytes(11)), "truncated"),
        ("head.idx", b"\0\0\x08\x03\0\0", "truncated"),
        ("other.idx", b"hello", "not a known format"),
        ("cut.idx.gz", gzip.compress(idx((3, 2, 2), bytes(12)), mtime=0)[:-9], "gzip"),
        ("broken.npy", b"\x93NUMPY\x01\x00", "readable"),
        ("broken.npz", b"PK\x03\x04 not really", "readable"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, content, says):
    with pytest.raises(ValueError, match=says):
        kd.load(bad_file(tmp_path, name, content))


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (np.zeros((0, 4, 4), np.uint8), "0 samples"),
        (np.zeros((1, 4, 4), np.uint8), "1 samples"),
        (np.full((4, 2, 2), np.nan, np.float32), "NaN"),
        (np.full((4, 2, 2), np.inf, np.float32), "NaN or infinite"),
        (np.full((4, 2, 2), -7.0, np.float32), "outside its bounds"),
        (np.array(["a", "b", "c"]), "expected numbers"),
    ],
)
def test_content_that_is_no_data_set_is_refused(tmp_path, images, says):
    np.save(tmp_path / "x.npy", images)
    with pytest.raises(ValueError, match=says):
        kd.load(tmp_path / "x.npy")


def test_a_pickle_is_not_run(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="readable"):
        kd.load(tmp_path / "x.npy")


def test_labels_must_fit(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.zeros((4, 2, 2), np.uint8), labels=[0, 1])
    with pytest.raises(ValueError, match="one for each of 4"):
        kd.load(tmp_path / "x.npz")


def test_a_class_of_one_cannot_be_split(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.zeros((4, 2, 2), np.uint8), labels=[0, 0, 0, 1])
    with pytest.raises(ValueError, match="a fifth of each class"):
        kd.load(tmp_path / "x.npz")


def test_folders_without_images_or_of_mixed_sizes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no images"):
        kd.load(tmp_path)
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    Image.new("L", (5, 4)).save(tmp_path / "b.png")
    with pytest.raises(ValueError, match="bring them to one size"):
        kd.load(tmp_path)
    bad_file(tmp_path, "a.png", b"no image")
    with pytest.raises(ValueError, match="not a readable image"):
        kd.load(tmp_path)


def test_unknown_names_are_answered_with_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match="digits, mnist5k"):
        kd.load("mnits")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        kd.load(tmp_path / "nowhere.npy")
    with pytest.raises(ValueError, match="unknown noise"):
        kd.noise(kd.load("points1d"), 3, "pink")
    with pytest.raises(ValueError, match="no held-out"):
        kd.probes(kd.load("points1d"), "heldout")
    with pytest.raises(ValueError, match="at least 1"):
        kd.noise(kd.load("points1d"), 0)
    with pytest.raises(ValueError, match="seed is -1"):
        kd.load("digits", seed=-1)


def test_a_name_that_is_a_data_set_and_a_path_is_refused_and_a_path_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("faces", "patches-8", "points2d", "points-2-5"):
        (tmp_path / name).mkdir()
        for i in range(9):
            Image.fromarray(np.full((5, 5), 20 * i, np.uint8)).save(tmp_path / name / f"{i}.png")
        with pytest.raises(ValueError, match=rf"'{name}' is a data set, and there is .* './{name}' is that one"):
            kd.load(name)
        for path in (Path(name), f"./{name}", tmp_path / name):
            assert kd.load(path).image_shape == (5, 5)
    np.save("digits", np.zeros((9, 5, 5), np.uint8))  # digits.npy: another name
    assert kd.load("digits").image_shape == (8, 8)
    with pytest.raises(FileNotFoundError, match=f"nothing at 'digits' in {tmp_path}"):
        kd.load(Path("digits"))


def test_numbers_from_zero_on_need_their_bounds(tmp_path):
    images = np.random.default_rng(0).random((20, 4, 4), dtype=np.float32)
    np.save(tmp_path / "x.npy", images)
    with pytest.raises(ValueError, match=r"float32 from .* to .*: save bytes, or numbers from -1 to 1"):
        kd.load(tmp_path / "x.npy")
    assert kd.load(tmp_path / "x.npy", bounds=(0, 1)).bounds == (0, 1)
    assert kd.load(tmp_path / "x.npy", bounds=(-1, 1)).train.min() >= 0  # who says so means it
    np.save(tmp_path / "x.npy", 2 * images - 1)
    assert kd.load(tmp_path / "x.npy").train.min() < -0.9


def test_patches_tile_the_photographs_in_grey():
    data = kd.load("patches-8", seed=1)
    assert data.image_shape == (8, 8)
    assert len(data.train) + len(data.test) == 2 * (427 // 8) * (640 // 8)
    photograph = np.asarray(Image.fromarray(load_sample_image("china.jpg")).convert("L"), np.float32)
    tile = torch.from_numpy(photograph[8:16, 16:24].ravel().copy() / 127.5 - 1)
    both = torch.cat([data.train, data.test])
    assert ((both - tile).abs().amax(1) < 1e-5).any()
