"""The paper's figures, one by one: its toys are trained once and recorded, MNIST is drawn from notebook 03's record."""

from kaleido.chapters.paper import cells, figures
from kaleido.lab.chapter import Chapter

TOYS = Chapter(
    "toys", "The paper's toys", deciding=cells.networks,
    figures=(
        figures.loss_manifold, figures.sampling_1d, figures.turning_1d, figures.sampling_2d, figures.turning_2d,
        figures.procedure,
    ),
)  # fmt: skip
