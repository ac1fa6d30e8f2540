"""Figures: one theme, saved as PNG and PDF (animations as GIF, a page as HTML), with a manifest of what made them."""

import io
import json
from base64 import b64encode
from pathlib import Path

import matplotlib
import PIL
from filelock import FileLock
from IPython.display import HTML, Image
from matplotlib.figure import Figure

from kaleido import pictures
from kaleido.data.sets import Dataset
from kaleido.evidence import Evidence, read_evidence, recorded
from kaleido.gallery import FIGURES, index
from kaleido.page import TEMPLATE
from kaleido.sampling import Orbit
from kaleido.style import theme
from kaleido.tools import files

__all__ = ["draw", "manifest", "redraw", "render", "save", "show", "shown"]

DRAWN_BY = (
    "attractor_drawings", "claims", "comparison_drawings", "curves", "depth_drawings", "drawings", "figures",
    "generator_drawings", "page", "pictures", "statistics", "style",
)  # fmt: skip
SOURCES = "".join(files.code(Path(__file__).parent / f"{name}.py") for name in DRAWN_BY) + TEMPLATE.read_text()
ON_SCREEN = 110  # screen pixels per inch of paper, in notebooks


def show(orbit: Orbit, data: Dataset, chains: int = 10) -> Image:
    """Draws the first chains of an orbit of images: one row per chain, one column per kept run.

    Raises:
        ValueError: If the data set holds no images.
    """
    if data.image_shape is None:
        raise ValueError(f"data set '{data.name}' holds no images to show")
    low, high = data.bounds
    images = (orbit.states[:, :chains] - low) / (high - low)
    theme()
    figure = pictures.grid(images.reshape(len(orbit.runs), -1, *data.image_shape).numpy(), orbit.runs)
    return shown(figure, f"{chains} chains in rows, sampling runs in columns.")


def shown(figure: Figure, alt: str) -> Image:
    """Returns a figure for display in a notebook, with words for those who cannot see it."""
    return _displayed(_rendered(figure, "png"), "png", alt)


def draw(name: str, profile: str) -> Image | HTML:
    """Draws a figure from the evidence in the profile's build folder, saves it there, and returns it for display.

    Raises:
        ValueError: If the figure is unknown.
        FileNotFoundError: If its evidence is not there.
    """
    if name not in FIGURES:
        raise ValueError(f"unknown figure '{name}', expected one of {', '.join(FIGURES)}")
    build = files.build_folder(profile)
    drawing = FIGURES[name]
    if drawing.profile:
        found = recorded(drawing.notebook, drawing.profile)
    else:
        found = read_evidence(build / "evidence", drawing.notebook, profile)
    contents = save(name, found, build / "figures")
    kind = drawing.kinds[-1]
    if kind == "html":  # notebooks, executed or not, lie beside the folder of the figures
        look = 'width="100%" height="1020" style="border: 0"'
        return HTML(f'<iframe src="../figures/{name}.html" title="{drawing.alt}" {look}></iframe>')
    return _displayed(contents[kind], kind, drawing.alt)


def redraw(folder: Path, profile: str = "laptop") -> list[str]:
    """Draws what the manifest of a folder does not show to be up to date, from recorded evidence; trains nothing.

    Returns:
        The names of the figures that were drawn.
    """
    folder, drawn = Path(folder), []
    known = manifest(folder)
    for name, drawing in FIGURES.items():
        found = recorded(drawing.notebook, drawing.profile or profile)
        complete = all((folder / f"{name}.{kind}").exists() for kind in drawing.kinds)
        if not complete or known.get(name) != _made_by(found):
            save(name, found, folder)
            drawn.append(name)
    files.write(folder / "README.md", index())
    return drawn


def render(name: str, found: Evidence) -> dict[str, bytes]:
    """Returns the contents of a figure's files by kind: without dates, the same bytes every time."""
    theme()
    drawn = FIGURES[name].function(found)
    if isinstance(drawn, bytes):
        return {FIGURES[name].kinds[0]: drawn}
    return {kind: _rendered(drawn, kind) for kind in FIGURES[name].kinds}


def save(name: str, found: Evidence, folder: Path) -> dict[str, bytes]:
    """Writes a figure's files and notes in `manifest.json` what made them; returns their contents by kind."""
    contents = render(name, found)
    for kind, content in contents.items():
        files.write(Path(folder) / f"{name}.{kind}", content)
    with FileLock(Path(folder) / ".manifest.lock"):
        known = manifest(folder) | {name: _made_by(found)}
        files.write(Path(folder) / "manifest.json", json.dumps(known, indent=1, sort_keys=True) + "\n")
    return contents


def _rendered(figure: Figure, kind: str) -> bytes:
    undated = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Creator": None, "Producer": None}}
    content = io.BytesIO()
    figure.savefig(content, format=kind, metadata=undated[kind])
    return content.getvalue()


def _displayed(content: bytes, kind: str, alt: str) -> Image | HTML:
    """An image at the size of the printed figure, whatever its pixels; a GIF as HTML, which more readers show."""
    if kind == "gif":
        return HTML(f'<img src="data:image/gif;base64,{b64encode(content).decode()}" alt="{alt}">')
    with PIL.Image.open(io.BytesIO(content)) as image:
        width = round(image.width / 300 * ON_SCREEN)
    return Image(_for_screen(content), format=kind, width=width, alt=alt)


def _for_screen(content: bytes) -> bytes:
    """The picture in 64 colours at twice a screen's pixels, unless that takes more bytes than print."""
    with PIL.Image.open(io.BytesIO(content)) as image:
        size = [round(2 * ON_SCREEN / 300 * side) for side in image.size]
        small = image.convert("RGB").resize(size, PIL.Image.Resampling.LANCZOS).quantize(64)
    shrunk = io.BytesIO()
    small.save(shrunk, "png", optimize=True)
    return min(content, shrunk.getvalue(), key=len)


def _made_by(found: Evidence) -> dict:
    drawn_by = files.digest(SOURCES, matplotlib.__version__, PIL.__version__)
    return {"notebook": found.notebook, "profile": found.profile, "evidence": found.digest, "drawn_by": drawn_by}


def manifest(folder: Path) -> dict:
    """Returns what made each figure of a folder, by the figure's name; empty if nothing did."""
    path = Path(folder) / "manifest.json"
    return json.loads(path.read_text()) if path.exists() else {}
