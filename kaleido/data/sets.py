"""Data sets: what a network is trained on, and what is held out."""

import os
import re
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import Tensor

from kaleido.data.reading import read
from kaleido.data.sources import BUNDLED, DOWNLOADED, Images, bundled, downloaded
from kaleido.tools.checks import instance, pair, several, whole
from kaleido.tools.files import digest
from kaleido.tools.seeds import generator

__all__ = ["NAMES", "Dataset", "is_name", "load", "points", "stored"]

MOST_CLASSES = 10_000
MOST_POINTS = 2**28  # coordinates of toy points
HELD_OUT = 0.2  # share of a data set that is never trained on
TOYS = {
    "points1d": ([[0.2], [0.8]], (0.0, 1.0)),
    "points1d-tanh": ([[-0.8], [-0.2], [0.2], [0.8]], (-1.0, 1.0)),
    "points2d": ([[0.2, 0.2], [0.2, 0.8], [0.8, 0.2], [0.8, 0.8]], (0.0, 1.0)),
}
TOY, PATCHES = f"{'|'.join(TOYS)}|points-(\\d+)-(\\d+)", r"patches-[1-9]\d{0,2}"
NAMES = (*TOYS, "points-D-N", *BUNDLED, "patches-S", *DOWNLOADED)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, split once into what is learned from and what is held out.

    Arguments:
        name: Its name or path.
        train: The training points X, float32, with shape (M, D).
        test: The held-out points T, float32, with shape (T, D); toy points have none, (0, D).
        bounds: (low, high), the range of every feature and of a bounded network's output.
        train_labels: Classes of X, int64, with shape (M,), or None.
        test_labels: Classes of T, likewise.
        image_shape: (height, width) or (height, width, 3), or None for what is not an image.

    Raises:
        ValueError: If shapes differ, there is no training point, or a value is not finite or out of bounds.
    """

    name: str
    train: Tensor
    test: Tensor
    bounds: tuple[float, float]
    train_labels: Tensor | None = None
    test_labels: Tensor | None = None
    image_shape: tuple[int, ...] | None = None

    def __post_init__(self):
        pair("bounds", self.bounds)
        low, high = self.bounds
        for part, points in (("train", self.train), ("test", self.test)):
            instance(part, points, Tensor)
        if self.train.ndim != 2 or self.test.ndim != 2 or self.train.shape[1:] != self.test.shape[1:]:
            raise ValueError(
                f"train has shape {tuple(self.train.shape)} and test {tuple(self.test.shape)}, "
                "expected (M, D) and (T, D)"
            )
        if not self.train.numel():
            raise ValueError(f"data set '{self.name}' is empty")
        for part, points in (("train", self.train), ("test", self.test)):
            if points.dtype != torch.float32:
                raise ValueError(f"{part} is {points.dtype}, expected torch.float32")
            if not points.isfinite().all():
                raise ValueError(f"data set '{self.name}' has NaN or infinite values in {part}")
            if points.numel() and (points.min() < low or points.max() > high):
                found = f"[{points.min():g}, {points.max():g}]"
                raise ValueError(
                    f"data set '{self.name}' has values in {found}, outside its bounds [{low:g}, {high:g}]"
                )
            labels = getattr(self, f"{part}_labels")
            if labels is not None:
                instance(f"{part}_labels", labels, Tensor)
            if labels is not None and (labels.shape != points.shape[:1] or labels.dtype != torch.int64):
                raise ValueError(f"{part}_labels are not one whole number for each of {len(points)} points")
        if self.image_shape is not None and np.prod(self.image_shape) != self.train.shape[1]:
            raise ValueError(f"image_shape is {self.image_shape}, and points have {self.train.shape[1]} features")

    @property
    def dim(self) -> int:
        """D, the number of features."""
        return self.train.shape[1]

    def first(self, n: int) -> "Dataset":
        """Returns the data set with its first n training points alone.

        Raises:
            ValueError: If there are fewer.
        """
        whole("n", n)
        if n > len(self.train):
            raise ValueError(f"data set '{self.name}' has {len(self.train)} training points, {n} were asked for")
        labels = None if self.train_labels is None else self.train_labels[:n]
        return replace(self, train=self.train[:n], train_labels=labels)

    def validation(self, n: int) -> "Dataset":
        """Returns the first n training points, with the other training points in the place of the held-out ones."""
        labels = None if self.train_labels is None else self.train_labels[n:]
        return replace(self.first(n), test=self.train[n:], test_labels=labels)

    def as_bytes(self, pixels: Tensor) -> Tensor:
        """Returns pixels between the bounds as bytes, 0 to 255."""
        low, high = self.bounds
        return ((pixels - low) * (255 / (high - low))).round().to(torch.uint8)

    @property
    def digest(self) -> str:
        """SHA-256 of the points, the labels, the bounds and all shapes: equal if and only if the content is."""
        parts = [self.train, self.test, self.train_labels, self.test_labels]
        shapes = [None if part is None else tuple(part.shape) for part in parts]
        image_shape = None if self.image_shape is None else tuple(map(int, self.image_shape))
        about = repr((tuple(map(float, self.bounds)), shapes, image_shape))
        return digest(about, *(b"" if part is None else part.numpy().tobytes() for part in parts))

    @property
    def checksums(self) -> tuple[int, ...]:
        """CRC-32 of the points: what was computed of them before they were changed in place is not theirs."""
        return tuple(zlib.crc32(part.cpu().contiguous().numpy().data) for part in (self.train, self.test))


def points(d: int, n: int, seed: int = 0) -> Dataset:
    """Returns n points uniform in the unit cube of d dimensions, all for training.

    Source: the dimension experiment of arXiv 2402.11793 (d from 1 to 16, n from 1 to 2,048).
    """
    whole("d", d)
    whole("n", n)
    if d * n > MOST_POINTS:
        raise ValueError(f"n is {n} and d is {d}, expected at most {MOST_POINTS:,} coordinates")
    drawn = torch.rand(n, d, dtype=torch.float32, generator=generator(seed, "points"))
    return _toy(f"points-{d}-{n}", drawn, (0.0, 1.0))


def load(name: str | os.PathLike, seed: int = 0, bounds: tuple[float, float] | None = None) -> Dataset:
    """Loads a data set by name or path and splits it, by class where there are classes.

    Names: `points1d`, `points1d-tanh` and `points2d`, the toy points of arXiv 2402.11793; `points-D-N`, see
    `points`. In libraries: `digits` (1,797 digits of 8 x 8), `mnist5k` (5,000 MNIST digits of 28 x 28, 500 a
    class), `faces` (100 faces of 25 x 25), `patches` (32 x 32 squares in colour that tile two photographs) and
    `patches-S` (grey ones of S x S). Downloaded once: `mnist`, `fashion` (28 x 28), `cifar10` (32 x 32 in colour),
    each with the held-out images that its source has; `fashion5k` (500 images a class of `fashion`); `cifar10-dogs`
    and `celeba` (32 x 32 in colour), 1,000 images each and others held out. See `data/README.md`. A path is a
    folder of images of one size, a `.npy` or `.npz` file (arrays `images`, and `labels` if there are any), or an
    idx file of bytes, plain or gzipped. The first axis of an array counts samples. Bytes 0 to 255 are scaled to the
    bounds; other numbers must lie inside them. Where there is a file or folder of a data set's name, write the path as
    `./name`, or give a `pathlib.Path`.

    Arguments:
        name: A name above or a path.
        seed: Draws the split: a fifth is held out, unless the source says what is. Toy points are all trained on.
        bounds: (low, high). By default (0, 1) for toy points and (-1, 1) for images; fixed for toy points.

    Returns:
        The data set.

    Raises:
        ValueError: If the name is unknown, or a path's too, or the content is empty, a single sample, of mixed shapes,
            not finite, truncated or out of bounds.
        FileNotFoundError: If a path leads nowhere, or a file is missing and cannot be downloaded.
    """
    generator(seed, "split")  # refuses a bad seed before anything is read
    if bounds is not None:
        pair("bounds", bounds)
        bounds = tuple(several("bounds", bounds))
    toy = isinstance(name, str) and re.fullmatch(TOY, name)
    if toy:
        _only(name)
        if bounds is not None:
            raise ValueError(f"the bounds of '{name}' are fixed, leave `bounds` out")
        if toy[1]:
            return points(int(toy[1]), int(toy[2]), seed)
        values, bounds = TOYS[name]
        return _toy(name, torch.tensor(values, dtype=torch.float32), bounds)
    images = stored(name, bounds)
    name, bounds = os.fsdecode(name), bounds or (-1.0, 1.0)
    if images.test is None:
        return _split(name, images.train, images.labels, seed, bounds)
    classes = {
        part: None if labels is None else torch.from_numpy(np.array(labels)).long()
        for part, labels in (("train_labels", images.labels), ("test_labels", images.test_labels))
    }
    train, test = (_scaled(part, bounds) for part in (images.train, images.test))
    return Dataset(name, train, test, bounds, image_shape=images.train.shape[1:], **classes)


def is_name(name: object) -> bool:
    """Returns whether this is the name of a data set; what is given as a `pathlib.Path` never is."""
    return isinstance(name, str) and bool(re.fullmatch(f"{TOY}|{'|'.join((*BUNDLED, *DOWNLOADED))}|{PATCHES}", name))


def stored(name: str | os.PathLike, bounds: tuple[float, float] | None = None) -> Images:
    """Returns images as they are stored, of a name or a path; see `load`, which refuses what this refuses.

    Raises:
        ValueError: If the name is unknown, or a path's too; if what lies at a path cannot be read, or is numbers from 0
            on without bounds: whether 0 is the lowest or the middle, nothing says.
        FileNotFoundError: If a path leads nowhere, or a file is missing and cannot be downloaded.
    """
    if not isinstance(name, str | os.PathLike):
        raise TypeError(f"name is of type {type(name).__name__}, expected a name or a path")
    if is_name(name):
        _only(name)
        if re.fullmatch(TOY, name):
            raise ValueError(f"'{name}' has no images")
        return downloaded(name) if name in DOWNLOADED else bundled(name)
    path = Path(os.fsdecode(name))
    there = _exists(path)
    if isinstance(name, str) and not (there or path.suffix or "/" in name or os.sep in name):
        raise ValueError(f"unknown data set '{name}', expected one of {', '.join(NAMES)}, or a path")
    images = Images(*read(path))
    if bounds is None and images.train.dtype.kind in "iuf" and images.train.dtype != np.uint8 and images.train.size:
        low, high = images.train.min(), images.train.max()
        if 0 <= low <= high < np.inf:
            raise ValueError(
                f"'{name}' holds {images.train.dtype} from {low:g} to {high:g}: save bytes, or numbers from -1 to 1; "
                "kaleido.load also takes others, given their bounds"
            )
    return images


def _only(name: str) -> None:
    if _exists(Path(name)):
        raise ValueError(f"'{name}' is a data set, and there is a file or folder of that name: './{name}' is that one")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError) as error:  # such as a name that is too long, or a zero in it
        raise ValueError(f"name {str(path)[:40]!r}... is no path: {error}") from None


def _toy(name: str, train: Tensor, bounds: tuple[float, float]) -> Dataset:
    return Dataset(name, train, train.new_empty(0, train.shape[1]), bounds)


def _scaled(images: np.ndarray, bounds: tuple[float, float]) -> Tensor:
    """Pixels of 0 to 255 brought to the bounds, one row per image."""
    low, high = bounds
    rows = [part.reshape(len(part), -1) / 255.0 for part in np.array_split(images, len(images) // 5000 + 1)]
    return torch.cat([torch.from_numpy(low + (high - low) * part).float() for part in rows])


def _single(numbers: np.ndarray) -> Tensor:
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        return torch.from_numpy(numbers.astype(np.float32))


def _split(name: str, images: np.ndarray, labels: np.ndarray | None, seed: int, bounds: tuple[float, float]) -> Dataset:
    if images.ndim < 2 or not np.issubdtype(images.dtype, np.number) or np.iscomplexobj(images):
        raise ValueError(f"'{name}' holds {images.dtype} of shape {images.shape}, expected numbers [samples, ...]")
    if len(images) < 2 or not images[0].size:
        raise ValueError(
            f"'{name}' has {len(images)} samples of shape {images.shape[1:]}, expected 2 or more to hold some out"
        )
    if labels is not None and labels.shape != (len(images),):
        raise ValueError(f"'{name}' has labels of shape {labels.shape}, expected one for each of {len(images)} samples")
    if labels is not None and not (labels.dtype.kind in "iu" and 0 <= labels.min() <= labels.max() < MOST_CLASSES):
        raise ValueError(f"'{name}' has labels that are not whole numbers from 0 to {MOST_CLASSES - 1}")
    flat = images.reshape(len(images), -1)
    flat = _scaled(flat, bounds) if images.dtype == np.uint8 or is_name(name) else _single(flat)
    rows = np.arange(len(flat))
    try:
        train, test = train_test_split(rows, test_size=HELD_OUT, random_state=seed, stratify=labels)
    except ValueError as error:
        raise ValueError(f"'{name}' has too few samples to hold out a fifth of each class: {error}") from None
    take = {"train": flat[train], "test": flat[test]}
    if labels is not None:
        classes = torch.from_numpy(np.asarray(labels)).long()
        take |= {"train_labels": classes[train], "test_labels": classes[test]}
    shape = images.shape[1:] if images.ndim in (3, 4) else None
    return Dataset(name, bounds=bounds, image_shape=shape, **take)
