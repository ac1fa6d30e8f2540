"""Tables that are written into the pages of the book."""

from pathlib import Path

from kaleido.tools import files

__all__ = ["put"]


def put(page: Path, name: str, table: str) -> None:
    """Writes a table between the marks `<!-- name -->` and `<!-- /name -->` of a page."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    before, rest = page.read_text().split(begin)
    files.write(page, before + begin + table + end + rest.split(end)[1])
