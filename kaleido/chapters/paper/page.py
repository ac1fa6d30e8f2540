"""The page that holds the paper's figures and ours side by side, `figures/paper/README.md`."""

import numpy as np

from kaleido.chapters.common import CLOSE
from kaleido.data.sets import TOYS
from kaleido.lab.drawing import figure
from kaleido.lab.evidence import Evidence

HEAD = """# The paper's figures, one by one

The figures of [arXiv 2402.11793](https://arxiv.org/abs/2402.11793) in the paper's order, drawn anew with its settings
and in its layout. Numbers of the paper are read off its pictures. `make paper-figures` draws ours from the record
alone. Each toy network has seed 0, which was chosen before anything was drawn; what several seeds give is in
[notebook 01](../../notebooks/01_over_generalization.ipynb) and in [the list of all figures](../README.md).
"""
TAIL = """
## 7. Dogs and faces

There is no picture of CIFAR-10's dogs or of CelebA's faces here: their images are not part of this repository.
"""


@figure("paper/README", kinds=("md",), profile="paper")
def page(found: Evidence) -> bytes:
    """This list of the paper's figures, in its order. Each says what the paper shows, our settings, and what agrees."""
    return (HEAD + "".join(_section(*parts) for parts in _figures(found)) + TAIL).encode()


def _section(title: str, names: tuple[str, ...], paper: str, settings: str, agrees: str, differs: str) -> str:
    pictures = "\n\n".join(f"![{title}]({name})" for name in names)
    said = {"In the paper": paper, "Our settings": settings, "What agrees": agrees, "What differs": differs}
    return f"\n## {title}\n\n{pictures}\n\n" + "".join(f"- **{name}.** {text}\n" for name, text in said.items())


def _figures(found: Evidence) -> tuple:
    loss, hump = _loss(found)
    rest, ends = _rest(found, "points1d"), _ends(found, "points1d")
    rest_2d, ends_2d = _rest(found, "points2d"), _ends(found, "points2d")
    return (
        (
            "1. Loss manifold and output manifold in 1-D", ("1_loss_manifold.png",),
            "A network has learned 0.2 and 0.8. Its loss is about 0.028 at 0, near 0 from 0.18 to 0.4, 0.0025 at a "
            "hump at 0.6, 0 at 0.8 and 0.031 at 1. Its output is 0.17 at 0 and 0.19 at 0.2, rises to 0.8 at 0.77, and "
            "is 0.83 at 1. The crosses mark these values.",
            "As published: six hidden layers of 10 ReLU units, a sigmoid, Adam with rate 0.001, 2,000 full-batch "
            "steps.",
            "The loss is 0 at both training points, rises towards 0 and 1, and has a hump between the points. Inputs "
            "below 0.2 are mapped close to 0.2.",
            "The shape depends on the seed, as the ten seeds of [01_output_maps](../01_output_maps.png) show. "
            f"Our loss is {loss(0):.3f} at 0 and {loss(1):.3f} at 1, and our hump is "
            f"at {hump:.2f} and {loss(hump):.3f} high, several times as high as the paper's. Around 0.8 our output "
            "follows the identity, so that inputs above 0.8 are pulled back more slowly than in the paper.",
        ),
        (
            "2. Kaleidoscopic sampling in 1-D", ("2_sampling_1d.png", "2_turning_1d.gif"),
            "Eight noise points (red) on the loss curve and their samples (green), runs 1 to 20.",
            "The network of figure 1; eight points of uniform noise, drawn with seed 0; no kick. The animation shows "
            "every run, the picture six of them.",
            f"The samples gather at the two training points: all eight are within {CLOSE:g} of one from run {rest} on, "
            f"and {ends[0]} end at 0.2 and {ends[1]} at 0.8.",
            "Where the noise starts, since the paper fixes no seed. Our samples do not always run downhill: two that "
            "start right of the hump pass over it to 0.2, because there the output is smaller than the input.",
        ),
        (
            "3. Kaleidoscopic sampling in 2-D", ("3_sampling_2d.png", "3_turning_2d.gif"),
            "The same over the loss surface of a network that has learned the four points with coordinates 0.2 and "
            "0.8, runs 1 to 15.",
            "As published: six hidden layers of 50 ReLU units, a sigmoid, Adam with rate 0.001, 2,000 full-batch "
            "steps, noise from N(0.5, 0.5) clipped to the square. We draw eight points with seed 0, no kick. The lower "
            "row, the loss from above (darker is larger) with each sample's way, is an addition of ours.",
            f"The samples gather at the training points: all eight are within {CLOSE:g} of one from run {rest_2d} on. "
            f"All four points are reached, by {', '.join(map(str, ends_2d[:-1]))} and {ends_2d[-1]} samples.",
            "Where the noise starts, and the shape of the surface between the points: we compare the two pictures in "
            "kind, and have read no heights off the paper's.",
        ),
        (
            "4. The procedure", ("4_procedure.png",),
            "A diagram: the weights have gradients while the network learns, and are frozen while it samples.",
            "None; nothing is computed.",
            "The procedure is the same.",
            "The layout is ours.",
        ),
        (
            "5. MNIST", ("5_mnist.png", "5_turning_mnist.gif"),
            "Forty-eight chains at runs 0 to 25, and animated, with the kick that the published code adds in each run. "
            "The digits are blurred after one run and sharp by run 5; by run 25 about 20 of the 48 chains show a 1.",
            "As published: ten hidden layers of 500 units, a tanh, all 60,000 training images, batches of 1,000, Adam "
            "with rate 0.0001, 10,000 steps; uniform noise, the published kick. The network is the first of the ten "
            "that decide the claims.",
            "Blurred shapes after one run (see the animation) are digits by run 5, and chains go on changing. "
            "By run 25 many of them show a 1.",
            "Ours also keeps many 7s, 2s and 8s, and a few squares turn into blots as the runs go on. How good "
            "the samples are, and how much of the data they leave out, is measured in "
            "[notebook 03](../../notebooks/03_mnist_kaleidoscope.ipynb).",
        ),
        (
            "6. Loss at the corners, by dimension and number of points", ("6_corner_losses.png",),
            "The largest loss at the corners of a cube in which 1 to 2,048 random points were learned, in 1, 2, 4, 8 "
            "and 16 dimensions, by one network of each. The crosses mark its values in 2 and 4 dimensions.",
            "As published: six hidden layers of 50 units, 10,000 full-batch steps. We take ten seeds (thin lines), "
            "the paper one. The mean over the corners is an addition of ours, and so is the memory (dashed), which "
            "answers with the nearest training point.",
            "The loss at the corners falls as points are added, and with 32 points and more it is larger in "
            "8 and 16 dimensions than in 1, 2 and 4. The crosses lie among our ten seeds.",
            "With few points the seeds differ so much that one network says little about the order of the dimensions.",
        ),
    )  # fmt: skip


def _loss(found: Evidence):
    """The 1-D loss as a function of the input, and where it is largest between the two points."""
    learned = found.arrays["points1d/map"].numpy()[:, 0]
    x = np.linspace(*TOYS["points1d"][1], len(learned))
    values = (learned - x) ** 2
    (first,), (last,) = TOYS["points1d"][0]
    between = (x > first) & (x < last)
    return lambda at: np.interp(at, x, values), x[between][values[between].argmax()]


def _rest(found: Evidence, data: str) -> int:
    """The first run from which on every chain is close to a training point."""
    away = _away(found, data).min(-1).max(-1)
    return int(np.flatnonzero(np.append(True, away > CLOSE))[-1])


def _ends(found: Evidence, data: str) -> list[int]:
    """How many chains end nearest to each of the training points."""
    nearest = _away(found, data)[-1].argmin(-1)
    return np.bincount(nearest, minlength=len(TOYS[data][0])).tolist()


def _away(found: Evidence, data: str) -> np.ndarray:
    """Distances of chains to the training points, with shape (runs, chains, points)."""
    chains = found.arrays[f"{data}/chains"].numpy()[:-1]  # the last run is not shown
    return np.linalg.norm(chains[:, :, None] - np.array(TOYS[data][0]), axis=-1)
