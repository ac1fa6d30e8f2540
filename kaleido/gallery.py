"""The gallery: every figure of the project, which function draws it, and what is to be seen in it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure

from kaleido import (
    attractor_drawings,
    comparison_drawings,
    curves,
    depth_drawings,
    drawings,
    generator_drawings,
    page,
    pictures,
)
from kaleido.evidence import Evidence

__all__ = ["FIGURES", "PUBLISHED", "Drawing", "index"]


@dataclass(frozen=True)
class Drawing:
    """A figure of the project.

    Arguments:
        notebook: The notebook that owns its evidence.
        function: Draws it: a figure, or the bytes of a GIF.
        alt: What is to be seen, for those who cannot.
        kinds: Its files; the last one is shown in notebooks.
        profile: Where its evidence is recorded, if it is not computed with the notebook's.
    """

    notebook: str
    function: Callable[[Evidence], Figure | bytes]
    alt: str
    kinds: tuple[str, ...] = ("pdf", "png")
    profile: str | None = None


FIGURES = {
    "kaleidoscope": Drawing(
        "00",
        page.page,
        "A page on which a kaleidoscope of digits can be turned: noise or a drawing becomes digits, turn by turn.",
        kinds=("html",),
    ),
    "00_turning": Drawing(
        "00",
        pictures.turning,
        "Animation: forty squares of grey noise become handwritten digits within a few runs.",
        kinds=("gif",),
    ),
    "00_noise_to_digits": Drawing(
        "00",
        pictures.noise_to_digits,
        "Eight rows that start as grey noise; within a few runs each becomes a handwritten digit.",
    ),
    "01_at_a_glance": Drawing(
        "01",
        pictures.at_a_glance,
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
        "Learned 1-D maps are flat at the outermost training points and near the diagonal between; the loss below.",
    ),
    "01_orbits": Drawing(
        "01", drawings.orbits, "Most chains of the toy networks come to a training point within ten to twenty runs."
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
        pictures.chains_by_runs,
        "Ten chains by kept runs, on MNIST and on digits: noise, blurred digits after one run, sharper ones later.",
    ),
    "03_kicks_turning": Drawing(
        "03",
        pictures.kicks_turning,
        "Animation: twelve chains without a kick, with the centred and with the published one, up to run 200.",
        kinds=("gif",),
    ),
    "03_quality": Drawing(
        "03",
        curves.along_runs,
        "Precision, coverage, recall and their PC along the runs, one line per seed, with the best run marked.",
    ),
    "03_what_passes": Drawing(
        "03",
        curves.what_passes,
        "Precision, coverage, recall and density of the kaleidoscope beside training points, centroids and others.",
    ),
    "03_hidden": Drawing(
        "03",
        curves.hidden,
        "Class entropy, distance to training points and a two-sample test along the runs, one line per seed.",
    ),
    "03_noise_and_kicks": Drawing(
        "03",
        curves.noise_and_kicks,
        "PC and mean brightness along the runs, for three kinds of noise and two kicks.",
    ),
    "03_kicks": Drawing(
        "03",
        pictures.kicks,
        "Five chains by runs, without a kick, with the centred and with the published one, from the same noise.",
    ),
    "03_stability": Drawing(
        "03",
        curves.settling,
        "Step sizes fall along the runs while the share of chains at rest rises, one line per seed.",
    ),
    "03_published": Drawing(
        "03",
        pictures.published,
        "Forty-eight chains of a network with the published settings at runs 0, 5, 10, 15, 20 and 25.",
        profile="extended",
    ),
    "04_over_generalization": Drawing(
        "04",
        depth_drawings.by_depth,
        "Contraction, covered fraction, spread and gain by depth, after equal steps and at equal training loss.",
    ),
    "04_toys": Drawing("04", depth_drawings.toys, "Contraction and gain of the toy networks by depth, all seeds."),
    "04_samples": Drawing(
        "04",
        depth_drawings.samples,
        "MNIST samples at run 20, one row per depth, after equal steps on the left, at equal loss on the right.",
    ),
    "04_quality_along_runs": Drawing(
        "04", depth_drawings.along_runs, "PC along the sampling runs, one colour per depth, on digits and MNIST."
    ),
    "04_depth_and_loss": Drawing(
        "04",
        depth_drawings.loss_maps,
        "Maps of contraction and of PC over depth and training loss, on digits and on MNIST.",
    ),
    "04_not_depth": Drawing(
        "04",
        depth_drawings.not_depth,
        "The effect of depth on contraction, gain and PC with other seeds, widths, rates, initialisation and points.",
        profile="extended",
    ),
    "05_samples": Drawing(
        "05",
        comparison_drawings.samples,
        "Four chains by runs for six architectures, on digits and MNIST: some become digits, some stay noise.",
    ),
    "05_degrees": Drawing(
        "05",
        comparison_drawings.degrees,
        "How far contraction falls below the untrained network's, spread, gain and noise kept, by architecture.",
    ),
    "05_along_runs": Drawing(
        "05", comparison_drawings.along_runs, "PC along the runs for six architectures, on digits and MNIST, all seeds."
    ),
    "05_search": Drawing(
        "05",
        comparison_drawings.search,
        "Maps of the fall of contraction and of PC over depth and number of training images, for six architectures.",
        profile="extended",
    ),
    "06_data_sets": Drawing(
        "06",
        comparison_drawings.data_sets,
        "Chains by runs on Fashion-MNIST, small faces and colour patches, with the nearest training images.",
    ),
    "06_quality": Drawing(
        "06",
        comparison_drawings.quality,
        "Precision, coverage, recall and PC of Fashion-MNIST samples along the runs, one line per seed.",
    ),
    **{
        f"06_turning_{data}": Drawing(
            "06",
            partial(comparison_drawings.turning, data=data),
            f"Animation: twelve squares of noise become {what}.",
            kinds=("gif",),
        )
        for data, what in (
            ("fashion5k", "clothes within a few runs"),
            ("faces", "faces within a few runs"),
            ("patches", "one and the same piece of a photograph by run 20"),
        )
    },
    "06_published": Drawing(
        "06",
        comparison_drawings.published,
        "Forty chains of a network with the published settings on all of Fashion-MNIST, at runs 0, 1, 5 and 20.",
        profile="extended",
    ),
    "07_collapse": Drawing(
        "07",
        attractor_drawings.collapse,
        "Coverage and number of different pictures along the runs: few are left at depths 6 and 10, more at 2.",
    ),
    "07_ends": Drawing(
        "07",
        attractor_drawings.ends,
        "By depth: chains in fixed points, cycles or neither; how many ends; spectral radii there and at data points.",
    ),
    "07_bestiary": Drawing(
        "07",
        attractor_drawings.bestiary,
        "The pictures in which most chains end, each above the training image nearest to it, with its share of chains.",
    ),
    "07_basins": Drawing(
        "07",
        attractor_drawings.basins,
        "The square coloured by the end that chains from there come to, for the toy of four points at three depths.",
    ),
    "08_generators": Drawing(
        "08",
        generator_drawings.generators,
        "PC, recall and distance to the training points of the kaleidoscope and six generators, on digits and MNIST.",
        profile="extended",
    ),
    "08_samples": Drawing(
        "08",
        partial(generator_drawings.samples, data="digits"),
        "Twenty samples of each generator on digits, one row each, the kaleidoscope first.",
    ),
    "08_samples_mnist": Drawing(
        "08",
        partial(generator_drawings.samples, data="mnist5k"),
        "Twenty samples of each generator on MNIST, one row each, the kaleidoscope first.",
        profile="extended",
    ),
    "09_search": Drawing(
        "09",
        generator_drawings.search,
        "Maps of PC at run 200 over ten ways to learn and nine ways to turn, on digits and MNIST.",
        profile="extended",
    ),
    "09_remedies": Drawing(
        "09",
        generator_drawings.remedies,
        "PC, coverage and largest jump of each remedy at run 200, on digits and MNIST, and the plain sampler's best.",
        profile="extended",
    ),
    "09_samples": Drawing(
        "09",
        partial(generator_drawings.remedied, data="digits"),
        "Samples on digits at run 200: plain and by the recipe.",
    ),
    "09_samples_mnist": Drawing(
        "09",
        partial(generator_drawings.remedied, data="mnist5k"),
        "Samples on MNIST at run 200: plain and by the recipe.",
        profile="extended",
    ),
}
PUBLISHED = {  # what arXiv 2402.11793 and its notebooks show: our figures of it, or why there is none
    "1-D: the learned map and its loss between the points, with sigmoid and with tanh": ("01_output_maps",),
    "1-D: chains from noise to the points": ("01_orbits",),
    "2-D: chains from noise to four points": ("01_orbits", "01_square_maps", "07_basins"),
    "Largest loss at the corners of a cube, by dimension and number of points": ("02_corner_losses",),
    "MNIST: 48 chains at runs 0 to 25, published settings, kick on": ("03_published",),
    "MNIST: chains run by run": ("00_turning", "00_noise_to_digits", "03_chains_by_runs", "03_kicks_turning"),
    "CIFAR-10: 1,000 dogs": "none: no library ships the images, and they were not there when the record was made; "
    "with them in `data/` (`cifar10-dogs`), notebook 06 draws them into `06_data_sets`",
    "CelebA: 1,000 faces": "none: likewise (`celeba`); `06_turning_faces` shows one that learned 80 small faces",
    "CNNs, Transformers, U-Nets (mentioned, without a picture)": ("05_samples", "05_degrees", "05_along_runs"),
}


def index() -> str:
    """Returns the list of all figures in Markdown, those of the paper first, with ours beside them."""
    lines = [
        "# Figures",
        "",
        "Written by `make figures`. Each is drawn from the recorded evidence of its notebook alone, as PDF and PNG",
    ]
    lines += ["(300 dots to the inch), as GIF or as a page; `manifest.json` holds the hashes of what made it.", ""]
    lines += ["## The paper's figures, and ours", "", "| in the paper (arXiv 2402.11793) | here |", "|---|---|"]
    for shown, ours in PUBLISHED.items():
        here = ours if isinstance(ours, str) else ", ".join(_link(name) for name in ours)
        lines.append(f"| {shown} | {here} |")
    lines += ["", "## All of them", "", "| figure | notebook | what is to be seen |", "|---|---|---|"]
    for name, drawing in FIGURES.items():
        from_ = f", {drawing.profile}" if drawing.profile else ""
        files = ", ".join(f"[{kind}]({name}.{kind})" for kind in drawing.kinds)
        lines.append(f"| `{name}` ({files}) | {drawing.notebook}{from_} | {drawing.alt} |")
    return "\n".join(lines) + "\n"


def _link(name: str) -> str:
    return f"[{name}]({name}.{FIGURES[name].kinds[-1]})"
