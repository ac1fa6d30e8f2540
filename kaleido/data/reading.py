"""Data of the reader's own: a folder of images, .npy, .npz, or an idx file."""

import gzip
import io
import math
import os
import warnings
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from kaleido.tools.checks import whole

__all__ = ["idx", "read", "scaled", "unpacked"]

# what a small file may unpack to; the environment variables lift the limits
PIXELS = ("KALEIDO_MAX_PIXELS", 2**22)  # of one image
PHOTOGRAPH = ("KALEIDO_MAX_PIXELS", 2**26)  # of one that is made small at once
BYTES = ("KALEIDO_MAX_BYTES", 2**32)  # of a data set
AXES = 4  # of an idx file: samples, rows, columns, channels
IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}


def read(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Reads the images, and the labels if there are any, of a path; see `kaleido.load` for the formats.

    Returns:
        Images [samples, ...] as they were stored, and labels [samples] or None.

    Raises:
        ValueError: If the content is not readable, truncated, of mixed sizes, or larger than the limits.
        FileNotFoundError: If there is nothing at the path.
    """
    if path.is_dir():
        return _folder(path), None
    if not path.exists():
        raise FileNotFoundError(f"there is no data at '{path}'")
    if path.suffix not in (".npy", ".npz"):
        return idx(unpacked(path.read_bytes(), path), path), None
    try:
        arrays = _arrays(path)
    except Exception as error:  # parsers answer damage with all kinds of errors
        raise ValueError(f"'{path}' is not a readable {path.suffix} file: {error}") from None
    if "images" not in arrays:
        raise ValueError(f"'{path}' has the arrays {sorted(arrays)}, expected 'images' (and 'labels')")
    return arrays["images"], arrays.get("labels")


def unpacked(raw: bytes, path: Path) -> bytes:
    """Returns the content of bytes that were read from a path: themselves, if they are not gzipped.

    Raises:
        ValueError: If they are damaged, or unpack to more than the limit.
    """
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        with gzip.open(io.BytesIO(raw)) as file:
            content = file.read(_limit(BYTES) + 1)
    except Exception as error:  # a damaged stream
        raise ValueError(f"'{path}' is not a readable gzip file: {error}") from None
    _small("unpacks", len(content), BYTES, path)
    return content


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if path.suffix == ".npy":  # mapped first: a header that promises more than there is allocates nothing
        content = np.load(path, mmap_mode="r", allow_pickle=False)
        _small("holds", content.nbytes, BYTES, path)
        return {"images": np.array(content)}
    with zipfile.ZipFile(path) as archive:
        _small("unpacks", sum(member.file_size for member in archive.infolist()), BYTES, path)
    with np.load(path, allow_pickle=False) as content:
        return {key: content[key] for key in content.files}


def _limit(of: tuple[str, int]) -> int:
    name, usual = of
    try:
        return int(os.environ.get(name) or usual)
    except ValueError:
        raise ValueError(f"{name} is {os.environ[name]!r}, expected a whole number") from None


def _small(does: str, size: int, of: tuple[str, int], path: Path) -> None:
    if size > _limit(of):
        unit = "bytes" if of is BYTES else "pixels"
        raise ValueError(f"'{path}' {does} more than {_limit(of):,} {unit}: if that is meant, set {of[0]}")


def scaled(path: Path, size: int) -> np.ndarray:
    """Reads a folder of images of any sizes: the middle square of each, size x size pixels large.

    Returns:
        Bytes with shape (samples, size, size), or (samples, size, size, 3) if one of them is in colour.

    Raises:
        ValueError: If there are no images in the folder, or one of them is not readable or larger than the limit.
    """
    whole("size", size)
    if not Path(path).is_dir():
        raise ValueError(f"'{path}' is no folder of images, and nothing else is scaled")
    return _folder(Path(path), size)


def _folder(path: Path, size: int | None = None) -> np.ndarray:
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in IMAGES and not any(part[0] == "." for part in file.relative_to(path).parts)
    )
    if not files:
        raise ValueError(f"the folder '{path}' has no images ({', '.join(sorted(IMAGES))})")
    images = []
    for file in files:
        image = _image(file, PHOTOGRAPH if size else PIXELS)
        images.append(ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS) if size else image)
        if images[-1].size != images[0].size:
            raise ValueError(
                f"'{file}' is {images[-1].size}, but '{files[0]}' is {images[0].size}: bring them to one size, "
                "as notebook 20 does if it is given one"
            )
        if len(images) == 1:
            _small("holds", len(files) * np.asarray(images[0]).size, BYTES, path)
    mode = "L" if all(image.mode == "L" for image in images) else "RGB"
    return np.stack([np.asarray(image.convert(mode)) for image in images])


def _image(path: Path, most: tuple[str, int]) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bombs, for which our limit is lower, and of damaged metadata
            with Image.open(path) as image:
                pixels = image.width * image.height  # from the header: nothing has been unpacked yet
                deep = image.mode[0] in "IF"
                if pixels <= _limit(most) and not deep:
                    upright = ImageOps.exif_transpose(image)
                    return upright.convert("L" if image.mode in ("1", "L", "LA") else "RGB")
    except Image.DecompressionBombError:
        pixels, deep = _limit(most) + 1, False
    except Exception as error:  # decoders answer damage with all kinds of errors
        raise ValueError(f"'{path}' is not a readable image: {error}") from None
    _small("holds", pixels, most, path)
    if deep:
        raise ValueError(f"'{path}' has more than 8 bits to a pixel: save it with 8")
    raise ValueError(f"'{path}' is larger than Pillow reads")


def idx(raw: bytes, path: Path) -> np.ndarray:
    """Reads the format of MNIST: 0, 0, 8 (bytes), number of axes, each length as 4 bytes, then the content.

    Raises:
        ValueError: If the bytes, read from `path`, are not that, or too few or too many.
    """
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or not 1 <= raw[3] <= AXES:
        raise ValueError(
            f"'{path}' is not a known format: expected a folder of images, .npy, .npz or an idx file of bytes"
        )
    head = 4 + 4 * raw[3]
    shape = tuple(int.from_bytes(raw[i : i + 4], "big") for i in range(4, head, 4))
    size = math.prod(shape)
    if len(raw) != head + size:
        raise ValueError(
            f"'{path}' is truncated or too long: its header says {shape}, {size} bytes, and {len(raw) - head} follow"
        )
    return np.frombuffer(raw, np.uint8, offset=head).reshape(shape)
