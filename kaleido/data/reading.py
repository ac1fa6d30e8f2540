"""Data of the reader's own: a folder of images, .npy, .npz, or an idx file.

Pictures are read as a viewer shows them, on white where they are transparent; what cannot be is refused by its name.
"""

import gzip
import io
import math
import os
import warnings
import zipfile
from collections import Counter
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
FIRST = {"MPO", "PSD", "ICO"}  # formats whose first picture is what a viewer shows; of others, each must be one


def read(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Reads the images, and the labels if there are any, of a path; see `kaleido.load` for the formats.

    Returns:
        Images [samples, ...] as they were stored, and labels [samples] or None.

    Raises:
        ValueError: If the content is not readable, truncated, of mixed sizes, or larger than the limits; if images are
            no images, or as dark as masks of 0 and 1 are; or if labels are not one for each.
        FileNotFoundError: If there is nothing at the path.
    """
    images, labels = _stored(path)
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim == 4 and images.shape[3] != 3:
        known = "channels first: bring them last" if images.shape[1] in (1, 3, 4) else f"{images.shape[3]} channels"
        raise ValueError(
            f"'{path}' holds an array of shape {images.shape}, expected (samples, height, width) or (samples, height, "
            f"width, 3), and these have {known}"
        )
    if images.dtype == np.uint8 and images.size and images.max() == 1:
        raise ValueError(f"'{path}' holds no byte above 1, of 255 for white: multiply masks of 0 and 1 by 255")
    if labels is not None and labels.shape != images.shape[:1]:
        raise ValueError(f"'{path}' has labels of shape {labels.shape}, expected one for each of {len(images)} images")
    if labels is not None and labels.dtype.kind in "iu":
        labels = labels.astype(labels.dtype.newbyteorder("="))
    return images, labels


def _stored(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    if path.is_dir():
        return _folder(path), None
    if not path.exists():
        raise FileNotFoundError(f"there is nothing at '{path}'{'' if path.is_absolute() else f' in {Path.cwd()}'}")
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
    files = _pictures(path)
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


def _pictures(path: Path) -> list[Path]:
    """The files of a folder, and of folders in it, that Pillow opens by their endings; tells what it passes over."""
    Image.init()
    endings = {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    files, seen = [], set()
    for place, folders, names in os.walk(path, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [name for name in folders if name[0] != "." and real not in seen]  # a link may lead back
        files += [Path(place) / name for name in names if name[0] != "." and real not in seen]
        seen.add(real)
    pictures = sorted(file for file in files if file.suffix.lower() in endings)
    others = Counter(file.suffix.lower() or "no ending" for file in files if file.suffix.lower() not in endings)
    told = ", ".join(f"{count} of {ending}" for ending, count in sorted(others.items()))
    if not pictures:
        raise ValueError(f"the folder '{path}' has no images that Pillow opens" + (f", but {told}" if told else ""))
    if told:
        warnings.warn(
            f"of the folder '{path}' {len(pictures)} images are read, and no other files: {told}", stacklevel=2
        )
    return pictures


def _image(path: Path, most: tuple[str, int]) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bombs, for which our limit is lower, and of damaged metadata
            with Image.open(path) as image:
                pixels = image.width * image.height  # from the header: nothing has been unpacked yet
                deep, several = _deep(image, path), getattr(image, "n_frames", 1)
                several = 1 if image.format in FIRST else several
                if pixels <= _limit(most) and not deep and several == 1:
                    return _flat(ImageOps.exif_transpose(image), image.mode)
    except Image.DecompressionBombError:
        pixels, deep, several = _limit(most) + 1, False, 1
    except Exception as error:  # decoders answer damage with all kinds of errors
        raise ValueError(f"'{path}' is not a readable image: {error}") from None
    _small("holds", pixels, most, path)
    if deep:
        raise ValueError(f"'{path}' has more than 8 bits to a pixel: save it with 8")
    if several > 1:
        raise ValueError(f"'{path}' holds {several} pictures: save each in a file of its own")
    raise ValueError(f"'{path}' is larger than Pillow reads")


def _flat(image: Image.Image, mode: str) -> Image.Image:
    """A picture as it looks on white, grey if it is stored so."""
    grey = "L" if mode in ("1", "L", "LA", "La") else "RGB"
    if not image.has_transparency_data:
        return image.convert(grey)
    whole = image.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", whole.size, "white"), whole).convert(grey)
    if whole.getextrema()[3][0] < 255 and all(low == high == 255 for low, high in np.atleast_2d(flat.getextrema())):
        raise ValueError("it is transparent, and shows nothing on white: save it without transparency")
    return flat


def _deep(image: Image.Image, path: Path) -> bool:
    """Whether a file stores more than 8 bits a channel, of which Pillow may keep 8 without a word."""
    if image.mode[0] in "IF":
        return True
    if image.format == "PNG":
        with path.open("rb") as file:
            return file.read(25)[24] > 8  # after signature, length, name, width and height
    if image.format == "TIFF":
        return max(np.atleast_1d(image.tag_v2.get(258, 1))) > 8
    if image.format == "PPM":
        return image.tile[0].codec_name.startswith("ppm") and image.tile[0].args[-1] > 255
    return False


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
