"""Figures: one theme, saved as PNG and PDF (animations as GIF, a page as HTML), with a manifest of what made them."""

import io
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import PIL
import seaborn as sns
from filelock import FileLock
from IPython.display import HTML, Image, Markdown, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL.Image import Quantize

from kaleido.lab.evidence import Evidence
from kaleido.tools import files
from kaleido.tools.reach import reached

__all__ = [
    "COLUMN", "CONTROL", "DATA", "MAP", "MILLIMETRE", "PAGE", "Drawing", "drawings_of", "figure", "manifest", "panels",
    "shown", "theme",
]  # fmt: skip

MILLIMETRE = 1 / 25.4  # inch
COLUMN, PAGE = 85 * MILLIMETRE, 174 * MILLIMETRE  # widths in print
DATA, MAP, CONTROL = sns.color_palette("colorblind")[1], sns.color_palette("colorblind")[0], "0.55"
ROOMS = ("tools", "data", "networks", "learning", "gradients", "saved", "sampling", "measures")
METHOD = tuple(f"kaleido.{room}" for room in ROOMS)
COLOURED = 60  # by so much the channels of some pixel differ where a picture is not grey
ON_SCREEN = 110  # screen pixels per inch of paper, in notebooks


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure of a chapter: call it with evidence; it is drawn, saved in the build folder, displayed with its caption.

    Arguments:
        name: The name of its files.
        function: Draws it from evidence: a figure, the bytes of a GIF, or those of several files by kind. Its docstring
            is the caption, and says what is to be seen to those who cannot.
        kinds: Its files; the last one is shown in notebooks.
        profile: Where its evidence is recorded, if it is not computed with its notebook's.
        reads: Other files that it reads.
    """

    name: str
    function: Callable[[Evidence], Figure | bytes | dict[str, bytes]]
    kinds: tuple[str, ...] = ("pdf", "png")
    profile: str | None = None
    reads: tuple[Path, ...] = ()

    def __call__(self, found: Evidence) -> None:
        content = self.save(found, found.place / "figures")[self.kinds[-1]]
        if self.kinds[-1] == "html":  # notebooks, executed or not, lie beside the folder of the figures
            look = 'width="100%" height="1020" style="border: 0"'
            picture = HTML(f'<iframe src="../figures/{self.name}.html" title="{self.alt}" {look}></iframe>')
        else:
            picture = _displayed(content, self.kinds[-1], self.alt)
        display(picture, Markdown(f"**Figure {self.name}.** {self.alt}"))

    def render(self, found: Evidence) -> dict[str, bytes]:
        """Returns the contents of its files by kind: without dates, the same bytes every time."""
        theme()
        drawn = self.function(found)
        if isinstance(drawn, dict):
            return drawn
        if isinstance(drawn, bytes):
            return {self.kinds[0]: drawn}
        return {kind: _rendered(drawn, kind) for kind in self.kinds}

    def save(self, found: Evidence, folder: Path) -> dict[str, bytes]:
        """Writes its files, and notes in `manifest.json` what made them; returns their contents by kind.

        What the manifest shows to be up to date is read, not drawn again.
        """
        paths = self.paths(folder)
        if self.up_to_date(found, folder):
            return {kind: path.read_bytes() for kind, path in paths.items()}
        contents, folder = self.render(found), Path(folder)
        for kind, content in contents.items():
            files.write(paths[kind], content)
        with FileLock(folder / ".manifest.lock"):
            known = manifest(folder) | {self.name: self.made_by(found)}
            files.write(folder / "manifest.json", json.dumps(known, indent=1, sort_keys=True) + "\n")
        return contents

    def paths(self, folder: Path) -> dict[str, Path]:
        """Returns where its files lie in a folder, by kind."""
        return {kind: Path(folder) / f"{self.name}.{kind}" for kind in self.kinds}

    def up_to_date(self, found: Evidence, folder: Path) -> bool:
        """Returns whether its files are in a folder whose manifest says that this evidence and this code made them."""
        complete = all(path.exists() for path in self.paths(folder).values())
        return complete and manifest(folder).get(self.name) == self.made_by(found)

    def made_by(self, found: Evidence) -> dict:
        """Returns what its files depend on: evidence, and the code that draws it, without the method's."""
        code = reached(self.function.__module__, lambda name: not name.startswith(METHOD))
        parts = [
            *code.values(),
            *(path.read_bytes() for path in self.reads),
            matplotlib.__version__,
            PIL.__version__,
        ]
        by = {"drawn_by": files.digest(*parts), "function": self.where}
        return {"notebook": found.notebook, "profile": found.profile, "evidence": found.digest} | by

    @property
    def alt(self) -> str:
        """Its caption: what is shown, and what is to be seen in it."""
        return " ".join(self.function.__doc__.split())

    @property
    def where(self) -> str:
        """The function that draws it, by its module."""
        return f"{self.function.__module__}.{self.function.__qualname__.partition('.')[0]}"


def figure(name: str, **more) -> Callable[[Callable], Drawing]:
    """Makes a function of evidence a `Drawing`."""
    return lambda function: Drawing(name, function, **more)


def panels(height: float, *shape: int, wide: float = PAGE, **shared) -> tuple[Figure, np.ndarray | Axes]:
    """Returns a figure so many millimetres high, and its axes, arranged and shared as `Figure.subplots` has it."""
    drawn = Figure((wide, height * MILLIMETRE))
    return drawn, drawn.subplots(*shape, **shared)


def drawings_of(module) -> tuple[Drawing, ...]:
    """Returns the figures of a module, in its order."""
    return tuple(value for value in vars(module).values() if isinstance(value, Drawing))


def manifest(folder: Path) -> dict:
    """Returns what made each figure of a folder, by the figure's name; empty if nothing did."""
    path = Path(folder) / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def shown(drawn: Figure, alt: str) -> Image:
    """Returns a figure for display in a notebook, with words for those who cannot see it."""
    return _displayed(_rendered(drawn, "png"), "png", alt)


def theme() -> None:
    """Sets the one look of all figures."""
    sns.set_theme(context="paper", style="ticks", palette="colorblind", font_scale=0.9)
    matplotlib.rcParams.update({
        "savefig.dpi": 300, "pdf.fonttype": 42, "axes.spines.top": False, "axes.spines.right": False,
        "axes.titlesize": "medium", "axes.titleweight": "bold", "axes.titlelocation": "left", "legend.frameon": False,
        "figure.constrained_layout.use": True, "image.interpolation": "nearest",
    })  # fmt: skip


def _rendered(drawn: Figure, kind: str) -> bytes:
    undated = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Creator": None, "Producer": None}}
    content = io.BytesIO()
    drawn.savefig(content, format=kind, metadata=undated[kind])
    return content.getvalue()


def _displayed(content: bytes, kind: str, alt: str) -> Image | HTML:
    """An image at the size of the printed figure, whatever its pixels; a GIF as HTML, which more readers show."""
    if kind == "gif":
        return HTML(f'<img src="data:image/gif;base64,{b64encode(content).decode()}" alt="{alt}">')
    with PIL.Image.open(io.BytesIO(content)) as image:
        width = round(image.width / 300 * ON_SCREEN)
    return Image(_for_screen(content), format=kind, width=width, alt=alt)


def _for_screen(content: bytes) -> bytes:
    """The picture in few colours at twice a screen's pixels, unless that takes more bytes than print.

    Greys are chosen by how many pixels have them, colours so that those of thin lines keep theirs.
    """
    with PIL.Image.open(io.BytesIO(content)) as image:
        size = [round(2 * ON_SCREEN / 300 * side) for side in image.size]
        small = image.convert("RGB").resize(size, PIL.Image.Resampling.LANCZOS)
        coloured = np.ptp(np.asarray(small), axis=2).max() > COLOURED
        small = small.quantize(256, method=Quantize.FASTOCTREE) if coloured else small.quantize(64)
    shrunk = io.BytesIO()
    small.save(shrunk, "png", optimize=True)
    return min(content, shrunk.getvalue(), key=len)
