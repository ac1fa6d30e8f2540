"""Figures: one theme, saved as PNG and PDF (animations as GIF), with a manifest of what made them."""

import io
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import PIL
import seaborn as sns
from filelock import FileLock
from IPython.display import HTML, Image
from matplotlib.figure import Figure

from kaleido import drawings, files
from kaleido.data import Dataset
from kaleido.evidence import Evidence, read_evidence
from kaleido.sampling import Orbit

__all__ = ["FIGURES", "Drawing", "draw", "manifest", "redraw", "render", "save", "show"]

SOURCES = "".join((Path(__file__).parent / f"{name}.py").read_text() for name in ("drawings", "figures"))
ON_SCREEN = 110  # screen pixels per inch of paper, in notebooks


@dataclass(frozen=True)
class Drawing:
    """A figure of the project.

    Arguments:
        notebook: The notebook that owns its evidence.
        function: Draws it: a figure, or the bytes of a GIF.
        alt: What is to be seen, for those who cannot.
        kinds: Its files; the last one is shown in notebooks.
    """

    notebook: str
    function: Callable[[Evidence], Figure | bytes]
    alt: str
    kinds: tuple[str, ...] = ("pdf", "png")


FIGURES = {
    "00_turning": Drawing(
        "00",
        drawings.turning,
        "Animation: forty squares of grey noise become handwritten digits within a few runs.",
        kinds=("gif",),
    ),
    "00_noise_to_digits": Drawing(
        "00",
        drawings.noise_to_digits,
        "Eight rows that start as grey noise; within a few runs each becomes a handwritten digit.",
    ),
    "01_at_a_glance": Drawing(
        "01",
        drawings.at_a_glance,
        "Nine unseen inputs, noise and pieces of photographs; the network turns each into something like a digit.",
    ),
    "01_by_depth": Drawing(
        "01",
        drawings.by_depth,
        "The share of the space that one application of a toy network brings to a training point, by depth.",
    ),
    "01_bounded_outputs": Drawing(
        "01",
        drawings.bounded_outputs,
        "Contraction by depth at equal training loss, for tanh, sigmoid, linear and clipped linear outputs.",
    ),
    "01_output_maps": Drawing(
        "01",
        drawings.output_maps,
        "Learned 1-D maps are flat near the training points, with steps between them; their squared error below.",
    ),
    "01_orbits": Drawing(
        "01", drawings.orbits, "Chains of the toy networks run from anywhere to the training points in a few runs."
    ),
    "01_square_maps": Drawing(
        "01",
        drawings.square_maps,
        "Around each of four points in the square lies a region whose outputs are within 0.05 of the point.",
    ),
    "01_unseen_inputs": Drawing(
        "01",
        drawings.unseen_inputs,
        "Contraction against spread for the learned map and seven controls, on digits and on MNIST.",
    ),
    "02_corner_losses": Drawing(
        "02",
        drawings.corner_losses,
        "Loss at the corners of a cube falls with the number of training points, and later in more dimensions.",
    ),
    "03_chains_by_runs": Drawing(
        "03",
        drawings.chains_by_runs,
        "Twelve chains by kept runs on MNIST: noise, blurred digits after one run, sharper ones later.",
    ),
    "03_along_runs": Drawing(
        "03",
        drawings.along_runs,
        "Precision, coverage, recall and novelty of the chains along the runs, one line per seed.",
    ),
}


def theme() -> None:
    """Sets the one look of all figures."""
    sns.set_theme(context="paper", style="ticks", palette="colorblind", font_scale=0.9)
    matplotlib.rcParams.update({
        "savefig.dpi": 300, "pdf.fonttype": 42, "axes.spines.top": False, "axes.spines.right": False,
        "axes.titlesize": "medium", "axes.titleweight": "bold", "axes.titlelocation": "left", "legend.frameon": False,
        "figure.constrained_layout.use": True, "image.interpolation": "nearest",
    })  # fmt: skip


def show(orbit: Orbit, data: Dataset, chains: int = 10) -> Image:
    """Draws the first chains of an orbit of images: one row per chain, one column per kept run.

    Raises:
        ValueError: If the data set holds no images.
    """
    if data.image_shape is None:
        raise ValueError(f"data set '{data.name}' holds no images to show")
    low, high = data.bounds
    pictures = (orbit.states[:, :chains] - low) / (high - low)
    theme()
    figure = drawings.grid(pictures.reshape(len(orbit.runs), -1, *data.image_shape).numpy(), orbit.runs)
    return _displayed(_rendered(figure, "png"), "png", f"{chains} chains in rows, sampling runs in columns.")


def draw(name: str, profile: str) -> Image | HTML:
    """Draws a figure from the evidence in the profile's build folder, saves it there, and returns it for display.

    Raises:
        ValueError: If the figure is unknown.
        FileNotFoundError: If its evidence is not there.
    """
    if name not in FIGURES:
        raise ValueError(f"unknown figure '{name}', expected one of {', '.join(FIGURES)}")
    build = files.build_folder(profile)
    found = read_evidence(build / "evidence", FIGURES[name].notebook, profile)
    contents = save(name, found, build / "figures")
    kind = FIGURES[name].kinds[-1]
    return _displayed(contents[kind], kind, FIGURES[name].alt)


def redraw(folder: Path, profile: str = "laptop") -> list[str]:
    """Draws what the manifest of a folder does not show to be up to date, from recorded evidence; trains nothing.

    Returns:
        The names of the figures that were drawn.
    """
    folder, drawn = Path(folder), []
    known = manifest(folder)
    for name, drawing in FIGURES.items():
        found = read_evidence(files.record_folder() / profile, drawing.notebook, profile)
        complete = all((folder / f"{name}.{kind}").exists() for kind in drawing.kinds)
        if not complete or known.get(name) != _made_by(found):
            save(name, found, folder)
            drawn.append(name)
    return drawn


def render(name: str, found: Evidence) -> dict[str, bytes]:
    """Returns the contents of a figure's files by kind: without dates, the same bytes every time."""
    theme()
    drawn = FIGURES[name].function(found)
    if isinstance(drawn, bytes):
        return {"gif": drawn}
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
    return Image(content, format=kind, width=width, alt=alt)


def _made_by(found: Evidence) -> dict:
    drawn_by = files.digest(SOURCES, matplotlib.__version__, PIL.__version__)
    return {"notebook": found.notebook, "profile": found.profile, "evidence": found.digest, "drawn_by": drawn_by}


def manifest(folder: Path) -> dict:
    """Returns what made each figure of a folder, by the figure's name; empty if nothing did."""
    path = Path(folder) / "manifest.json"
    return json.loads(path.read_text()) if path.exists() else {}
