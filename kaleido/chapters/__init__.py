"""The chapters, a folder for each notebook, and the one list of them.

Verdicts are corrected for the number of claims in all chapters together, so what judges them is here, for all.
"""

from dataclasses import replace
from functools import partial

from kaleido.chapters import (
    architectures,
    attractors,
    claims,
    data_sets,
    depth,
    dimension,
    generators,
    kaleidoscope,
    memory,
    over_generalization,
    own_data,
    paper,
    remedies,
    tour,
)
from kaleido.lab import ledger as _ledger
from kaleido.lab.chapter import Chapter as _Chapter

CHAPTERS = tuple(
    chapter.CHAPTER
    for chapter in (
        tour, over_generalization, dimension, kaleidoscope, depth, architectures, data_sets, attractors, generators,
        remedies, claims, memory, own_data,
    )
)  # fmt: skip
_MNIST = replace(kaleidoscope.figures.published, name="paper/5_mnist")
_CORNERS = replace(dimension.figures.published, name="paper/6_corner_losses")
PAPER_FIGURES = (  # the paper's figures, one by one, from three records: no notebook shows them
    paper.TOYS,
    _Chapter("03", "The paper's MNIST", figures=(_MNIST, paper.figures.turning_mnist)),
    _Chapter("02", "The paper's corners", figures=(_CORNERS,)),
)
PUBLISHED = {  # what arXiv 2402.11793 and its notebooks show: our figures of it, or why there is none
    "1-D: the learned map and its loss between the points, with sigmoid and with tanh": (
        paper.figures.loss_manifold, over_generalization.figures.output_maps,
    ),
    "1-D: chains from noise to the points": (
        paper.figures.sampling_1d, paper.figures.turning_1d, over_generalization.figures.orbits,
    ),
    "2-D: chains from noise to four points": (
        paper.figures.sampling_2d, paper.figures.turning_2d, over_generalization.figures.orbits,
        over_generalization.figures.square_maps, attractors.figures.basins,
    ),
    "The procedure: learning, then sampling with frozen weights": (paper.figures.procedure,),
    "Largest loss at the corners of a cube, by dimension and number of points": (_CORNERS, dimension.figures.published),
    "MNIST: 48 chains at runs 0 to 25, published settings, kick on": (_MNIST, kaleidoscope.figures.published),
    "MNIST: chains run by run": (
        paper.figures.turning_mnist,
        tour.figures.turning, tour.figures.noise_to_digits, kaleidoscope.figures.chains_by_runs,
        kaleidoscope.figures.kicks_turning,
    ),
    "CIFAR-10: 1,000 dogs": "none: no library ships the images, and they were not there when the record was made; "
    "with them in `data/` (`cifar10-dogs`), notebook 06 draws them into `06_data_sets`",
    "CelebA: 1,000 faces": "none: likewise (`celeba`); `06_turning_faces` shows one that learned 80 small faces",
    "CNNs, Transformers, U-Nets (mentioned, without a picture)": (
        architectures.figures.samples, architectures.figures.degrees, architectures.figures.along_runs,
    ),
}  # fmt: skip

judge, ledger, answer, table, beside, check, changed, endpoints = (
    partial(function, CHAPTERS)
    for function in (
        _ledger.judge, _ledger.ledger, _ledger.answer, _ledger.table, _ledger.beside, _ledger.check, _ledger.changed,
        _ledger.endpoints,
    )
)  # fmt: skip
