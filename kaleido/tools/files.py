"""Where things lie, and how they are written: all at once or not at all.

Tensors travel as safetensors with a JSON header; reading one runs no code. A file is written under a
temporary name beside its place and renamed, so that a killed process never leaves half a file there.
"""

import ast
import hashlib
import json
import os
import uuid
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

__all__ = [
    "build_folder", "cache_folder", "code", "digest", "place", "read_tensors", "record_folder", "root", "write",
    "write_tensors",
]  # fmt: skip


def root() -> Path:
    """Returns the folder of the project: the one that holds the package, or else the current one."""
    here = Path(__file__).resolve().parents[2]
    return here if (here / "pyproject.toml").exists() else Path.cwd()


def place(variable: str, usual: str) -> Path:
    """Returns the folder that an environment variable names, or else the usual one.

    Both start from the project's folder, wherever a process runs (a notebook's runs beside the notebook); `~` is home.
    """
    told = os.environ.get(variable) or usual
    try:
        return root() / Path(told).expanduser()
    except RuntimeError:
        raise ValueError(f"{variable} is {told!r}, and nobody of that name has a home here") from None


def _builds() -> Path:
    return place("KALEIDO_BUILD", "build")


def build_folder(profile: str) -> Path:
    """Returns where a profile's evidence, figures and executed notebooks go (`KALEIDO_BUILD` moves it)."""
    return _builds() / profile


def cache_folder() -> Path:
    """Returns where cells are kept, whatever the profile: equal cells of two profiles are one cell."""
    return _builds() / "cache"


def record_folder() -> Path:
    """Returns the folder of the recorded evidence (`KALEIDO_RECORD` moves it)."""
    return place("KALEIDO_RECORD", "data/record")


def digest(*parts: bytes | str) -> str:
    """Returns the SHA-256 of the parts, in hexadecimal; each part's length is hashed with it."""
    sha = hashlib.sha256()
    for part in parts:
        part = part.encode() if isinstance(part, str) else part
        sha.update(len(part).to_bytes(8, "little"))
        sha.update(part)
    return sha.hexdigest()


def code(source: str) -> str:
    """Returns what a module's source does, without its comments and docstrings: editing these changes no result."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def write(path: Path, content: bytes | str) -> None:
    """Writes a file whole: readers see the old content or the new, never a part.

    Arguments:
        path: Where to; missing folders are made.
        content: Bytes, or text that is written as UTF-8.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with name.open("xb") as file:  # with the rights that umask leaves
            file.write(content.encode() if isinstance(content, str) else content)
        os.replace(name, path)
    except BaseException:
        name.unlink(missing_ok=True)
        raise


def write_tensors(path: Path, tensors: dict[str, torch.Tensor], header: dict) -> None:
    """Writes tensors and a JSON header as one safetensors file, with a hash of both."""
    tensors = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    # one entry, since the order of several is not the same every time
    header = json.loads(json.dumps(header))  # as it will be read
    note = {"header": header, "sha256": _digest_of(tensors, header)}
    write(path, save(tensors, {"kaleido": json.dumps(note, sort_keys=True)}))


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict]:
    """Reads what `write_tensors` wrote.

    Returns:
        The tensors by name, and the header.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no safetensors file of this package, or its content does not match its hash.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        note = json.loads(metadata["kaleido"])
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(f"{path} is not a readable safetensors file: {error}") from None
    except KeyError:
        raise ValueError(f"{path} has no 'kaleido' header: it was not written by this package") from None
    if not isinstance(note, dict) or note.get("sha256") != _digest_of(tensors, note.get("header")):
        raise ValueError(f"{path} is damaged: its content does not match the hash in its header")
    return tensors, note["header"]


def _digest_of(tensors: dict[str, torch.Tensor], header: object) -> str:
    parts = [json.dumps(header, sort_keys=True)]
    for name in sorted(tensors):
        parts += [f"{name} {tensors[name].dtype} {list(tensors[name].shape)}", tensors[name].numpy().tobytes()]
    return digest(*parts)
