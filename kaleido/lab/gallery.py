"""The gallery: every figure of all chapters, which function draws it, and its caption."""

from collections.abc import Sequence
from pathlib import Path

from kaleido.lab.chapter import Chapter
from kaleido.lab.drawing import Drawing
from kaleido.lab.evidence import recorded
from kaleido.tools import files

__all__ = ["draw", "index", "redraw"]


def redraw(chapters: Sequence[Chapter], published: dict, folder: Path, profile: str = "laptop") -> list[str]:
    """Draws figures as `draw` does, and writes the list of all of them; returns the names of those that were drawn."""
    drawn = draw(chapters, folder, profile)
    files.write(Path(folder) / "README.md", index(chapters, published))
    return drawn


def draw(chapters: Sequence[Chapter], folder: Path, profile: str = "laptop") -> list[str]:
    """Draws what the manifest of a folder does not show to be up to date, from recorded evidence; trains nothing.

    Returns:
        The names of the figures that were drawn.
    """
    folder, drawn = Path(folder), []
    for chapter in chapters:
        profiles = {drawing.profile or profile for drawing in chapter.figures}
        evidence = {name: recorded(chapter.number, name) for name in profiles}
        for drawing in chapter.figures:
            found = evidence[drawing.profile or profile]
            if not drawing.up_to_date(found, folder):
                drawing.save(found, folder)
                drawn.append(drawing.name)
    return drawn


def index(chapters: Sequence[Chapter], published: dict[str, str | tuple[Drawing, ...]]) -> str:
    """Returns the list of all figures in Markdown, those of the paper first, with ours beside them.

    Arguments:
        chapters: All chapters.
        published: What the paper shows: our figures of it, or why there is none.
    """
    lines = [
        "# Figures",
        "",
        "Written by `make figures`. Each is drawn from the recorded evidence of its notebook alone, as PDF and PNG",
        "(300 dots to the inch), as GIF or as a page; `manifest.json` holds the hashes of what made it.",
        "",
        "## The paper's figures, and ours",
        "",
        "| in the paper (arXiv 2402.11793) | here |",
        "|---|---|",
    ]
    for said, ours in published.items():
        here = ours if isinstance(ours, str) else ", ".join(f"[{d.name}]({d.name}.{d.kinds[-1]})" for d in ours)
        lines.append(f"| {said} | {here} |")
    lines += ["", "## All of them", "", "| figure | notebook | caption | drawn by |", "|---|---|---|---|"]
    for chapter in chapters:
        for drawing in chapter.figures:
            kinds = ", ".join(f"[{kind}]({drawing.name}.{kind})" for kind in drawing.kinds)
            from_ = f", {drawing.profile}" if drawing.profile else ""
            about = f"{chapter.number}{from_} | {drawing.alt} | `{drawing.where}`"
            lines.append(f"| `{drawing.name}` ({kinds}) | {about} |")
    return "\n".join(lines) + "\n"
