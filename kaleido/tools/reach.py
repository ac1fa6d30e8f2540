"""Which code a result depends on: a module, and what its imports lead to."""

import ast
import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path

from kaleido.tools.files import code

__all__ = ["reached"]

PACKAGE = Path(__file__).resolve().parents[1]


def _module(path: Path) -> tuple[str, str]:
    """The name of a file's module, and of the package that its relative imports start from."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    holder = ".".join(parts[:-1])
    return (holder, holder) if parts[-1] == "__init__" else (".".join(parts), holder)


# read once: what a process has imported is what its results depend on, whatever is edited meanwhile
SOURCES = {_module(path)[0]: (path.read_text(encoding="utf-8"), _module(path)[1]) for path in PACKAGE.rglob("*.py")}


def reached(name: str, follow: Callable[[str], bool] = lambda name: True) -> dict[str, str]:
    """Returns the code of a module and of all that its imports lead to, without comments and docstrings, by name.

    Imports are followed into this package, and into the one that the module is of. `from a.b import c` leads to `a.b.c`
    if that is a module, or else to `a.b`; not to the packages that only hold it.

    Arguments:
        name: The module's name, such as `kaleido.chapters.depth.study`.
        follow: Whether to look at a module of that name.
    """
    packages, found, ahead = {PACKAGE.name, name.partition(".")[0]}, {}, [name]
    while ahead:
        module = ahead.pop()
        if (
            module not in found
            and module.partition(".")[0] in packages
            and follow(module)
            and _source(module)[0] is not None
        ):
            found[module], imported = _read(module)
            ahead += imported
    return dict(sorted(found.items()))


@cache
def _read(name: str) -> tuple[str, list[str]]:
    """A module's code, and the names of the modules that it imports."""
    (source, holder), names = _source(name), []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), holder)
            inner = [f"{base}.{alias.name}" for alias in node.names]
            names += [name if _source(name)[0] is not None else base for name in inner]
    return code(source), names


@cache
def _source(name: str) -> tuple[str | None, str]:
    """A module's source, and the package that its relative imports start from; nothing if there is no such module."""
    if name.partition(".")[0] == PACKAGE.name:
        return SOURCES.get(name, (None, ""))
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # a name in a module, not a module
        spec = None
    return (Path(spec.origin).read_text(encoding="utf-8"), spec.parent) if spec and spec.origin else (None, "")
