"""Data of the reader's own: a folder of images, .npy, .npz, or an idx file."""

import gzip
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from PIL import Image, UnidentifiedImageError

__all__ = ["idx", "read"]

IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}


def read(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Reads the images, and the labels if there are any, of a path; see `kaleido.data.load` for the formats.

    Returns:
        Images [samples, ...] as they were stored, and labels [samples] or None.

    Raises:
        ValueError: If the content is not readable, truncated, or of mixed sizes.
        FileNotFoundError: If there is nothing at the path.
    """
    if path.is_dir():
        return _folder(path), None
    if not path.exists():
        raise FileNotFoundError(f"there is no data at '{path}'")
    if path.suffix in (".npy", ".npz"):
        try:
            content = np.load(path, allow_pickle=False)
            arrays = {"images": content} if path.suffix == ".npy" else {key: content[key] for key in content.files}
        except (ValueError, OSError, EOFError, BadZipFile) as error:
            raise ValueError(f"'{path}' is not a readable {path.suffix} file: {error}") from None
        if "images" not in arrays:
            raise ValueError(f"'{path}' has the arrays {sorted(arrays)}, expected 'images' (and 'labels')")
        return arrays["images"], arrays.get("labels")
    return _idx(path), None


def _folder(path: Path) -> np.ndarray:
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in IMAGES)
    if not files:
        raise ValueError(f"the folder '{path}' has no images ({', '.join(sorted(IMAGES))})")
    images = []
    for file in files:
        try:
            with Image.open(file) as image:
                images.append(image.convert("L" if image.mode in ("1", "L") else "RGB"))
        except (UnidentifiedImageError, OSError) as error:
            raise ValueError(f"'{file}' is not a readable image: {error}") from None
        if images[-1].size != images[0].size:
            raise ValueError(f"'{file}' is {images[-1].size}, but '{files[0]}' is {images[0].size}: use one size")
    mode = "L" if all(image.mode == "L" for image in images) else "RGB"
    return np.stack([np.asarray(image.convert(mode)) for image in images])


def _idx(path: Path) -> np.ndarray:
    raw = path.read_bytes()
    try:
        raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError) as error:
        raise ValueError(f"'{path}' is not a readable gzip file: {error}") from None
    return idx(raw, path)


def idx(raw: bytes, path: Path) -> np.ndarray:
    """Reads the format of MNIST: 0, 0, 8 (bytes), number of axes, each length as 4 bytes, then the content.

    Raises:
        ValueError: If the bytes, read from `path`, are not that, or too few or too many.
    """
    if len(raw) < 4 or raw[:3] != b"\0\0\x08" or not raw[3]:
        raise ValueError(
            f"'{path}' is not a known format: expected a folder of images, .npy, .npz or an idx file of bytes"
        )
    head = 4 + 4 * raw[3]
    shape = tuple(int.from_bytes(raw[i : i + 4], "big") for i in range(4, head, 4))
    size = int(np.prod(shape, dtype=np.int64))
    if len(raw) != head + size:
        raise ValueError(
            f"'{path}' is truncated or too long: its header says {shape}, {size} bytes, and {len(raw) - head} follow"
        )
    return np.frombuffer(raw, np.uint8, offset=head).reshape(shape)
