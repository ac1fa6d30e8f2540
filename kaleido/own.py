"""Notebook 20: the measurements of the claims on a reader's own images, and what they come to."""

import io

import numpy as np
import pandas as pd
from IPython.display import Image, Markdown

from kaleido import files, pictures
from kaleido.attractor_rules import COPIES, PICTURES
from kaleido.cells import cells_of
from kaleido.comparisons import FEW
from kaleido.data import load
from kaleido.drawings import unseen_inputs
from kaleido.evidence import Evidence, collected, evidence
from kaleido.experiments import sweep
from kaleido.figures import shown
from kaleido.ledger import agreement
from kaleido.reading import scaled
from kaleido.rules import Verdict, all_of, over_generalization, sampling
from kaleido.sizes import OWN
from kaleido.statistics import in_words, interval, threshold
from kaleido.style import theme

__all__ = ["answers", "chains", "facts", "measured", "report", "scores", "told", "unseen"]

LARGEST = 4096  # features: 64 x 64 grey, or 36 x 36 in colour
SHOWN = 8  # chains
WORDS = {  # verdicts as answers
    "supported": "yes", "partly supported": "partly", "not supported": "no", "inconclusive": "undecided",
    "not decidable": "cannot be said",
}  # fmt: skip


def measured(path: str, profile: str = "laptop", size: int | None = None) -> Evidence:
    """Learns the images at a path with several seeds, and measures what claims C1, C9, B1 and B2 measure.

    What has been computed is kept in the cache. Evidence lies in the build folder, under `own/`; that of the images
    which stand for a reader's belongs to the profile, as any notebook's.

    Arguments:
        path: A folder of images, `.npy`, `.npz`, an idx file or the name of a data set, see `kaleido.load`.
        profile: How large networks are, and how many seeds.
        size: If given, the middle square of every image of a folder is brought to so many pixels a side.

    Raises:
        ValueError: If there are too many pixels or too few images, or they are not readable.
        FileNotFoundError: If there is nothing at the path.
    """
    if size is not None:
        content = io.BytesIO()
        np.save(content, scaled(path, size))
        path = str(files.build_folder("own") / f"{files.digest(content.getvalue())[:16]}.npy")
        files.write(path, content.getvalue())
    data = load(path)
    if data.image_shape is None:
        raise ValueError(f"'{path}' holds no images: its samples have shape ({data.dim},)")
    if data.dim > LARGEST:
        raise ValueError(
            f"the images of '{path}' have {data.dim:,} features, more than a network of this notebook is meant for "
            f"({LARGEST:,}): set `size`, the pixels of a side, to 32 or less"
        )
    if path == OWN:
        return evidence("20", profile)
    results = sweep(cells_of("own", path, profile, like="own"))
    return collected(results, files.build_folder("own") / "evidence", "20", profile)


def facts(found: Evidence) -> pd.Series:
    """Returns what was learned, and how well: numbers of images, their shape, networks, and the loss at the end."""
    loss = found.rows(claim="C9", quantity="loss")
    shape = " x ".join(map(str, found.arrays["image shape"].tolist()))
    return pd.Series({
        "training images": loss["n"].iloc[0],
        "held-out images": found.rows(claim="C1", condition="heldout")["n"].iloc[0],
        "shape": shape,
        "networks": f"{len(loss)} MLPs, {loss['depth'].iloc[0]} hidden layers of {loss['width'].iloc[0]} units",
        "loss after training": in_words(*interval(loss["value"]), digits=3),
    })  # fmt: skip


def unseen(found: Evidence) -> Image:
    """Draws contraction against spread on noise, of the learned map and its controls: all seeds."""
    theme()
    figure = unseen_inputs(found, (_name(found),))
    figure.axes[0].set_title(f"noise, {found.rows(quantity='loss')['seeds'].nunique()} seeds")
    return shown(figure, "Contraction against spread on noise for the learned map and seven controls.")


def chains(found: Evidence) -> Image:
    """Draws chains by runs, and in the last column the training image nearest to each at run 20."""
    shape = found.arrays["image shape"].tolist()
    kept = found.arrays[next(name for name in found.arrays if name.endswith("/pictures"))].numpy()
    near = found.arrays[next(name for name in found.arrays if name.endswith("/nearest"))].numpy()
    runs = [0, *sorted(found.rows(quantity="novelty", claim="B2")["run"].unique())]
    images = np.concatenate([kept, near[None]])[:, :SHOWN]
    theme()
    figure = pictures.grid(images.reshape(*images.shape[:2], *shape) / 255, [*runs, "nearest"])
    return shown(
        figure, f"{images.shape[1]} chains in rows, sampling runs in columns, the nearest training image last."
    )


def scores(found: Evidence) -> pd.DataFrame:
    """Returns the means over seeds along the runs: quality where there are labels, novelty and copies anyway."""
    asked = ["precision", "recall", "density", "coverage", "novelty", "copy share", "different pictures to a chain"]
    rows = found.means(architecture="mlp", condition="noise")
    rows = rows[rows["quantity"].isin(asked) & rows["claim"].isin(["C9", "B1", "B2"])]
    rows = rows.drop_duplicates(["quantity", "run"], keep="last")  # with labels, novelty is there twice
    table = rows.pivot(index="run", columns="quantity", values="value")
    return table[[name for name in asked if name in table]].round(3)


def answers(found: Evidence) -> pd.DataFrame:
    """Answers four questions by the tests of the claims, one row each: the verdict, and what it rests on.

    The tests are those of `book/claims.md` (C1, C9, B2, B1), but no correction is made for asking four, and different
    pictures are counted at the last run. Without labels, or with fewer than 300 held-out images, there is no verdict on
    quality, as there.
    """
    name, last = _name(found), int(found.table["run"].max())
    at_20 = {"claim": "B2", "data": name, "architecture": "mlp", "condition": "noise", "run": 20}
    copied = [
        threshold("copy share", found.values(**at_20, quantity="copy share"), COPIES, below=False),
        threshold(
            "distance to training images, over that of unseen ones",
            found.values(**at_20, quantity="novelty"),
            1.0,
            True,
        ),
    ]
    left = found.values(claim="B1", quantity="different pictures to a chain", data=name, run=last)
    asked = {
        "Do unseen inputs land near your images, and on many of them?": over_generalization(found, sets=(name,)),
        "Does noise become samples of your images?": _sampling(found, name),
        "Are the samples copies of training images?": all_of("B2", copied),
        f"Do the chains fall onto few pictures by run {last}?": all_of(
            "B1", [threshold("different pictures to a chain", left, PICTURES, below=True)]
        ),
    }
    said = {
        question: {"answer": WORDS[v.verdict], "why": v.reason.replace(f"{name}: ", "").removeprefix("undecided: ")}
        for question, v in asked.items()
    }
    return pd.DataFrame.from_dict(said, orient="index")


def told(found: Evidence) -> Markdown:
    """Returns the answers as a table to read in a notebook."""
    rows = [f"| {question} | **{row['answer']}** | {row['why']} |" for question, row in answers(found).iterrows()]
    return Markdown("\n".join(["| question | answer | why |", "|---|---|---|", *rows]))


def report(found: Evidence) -> None:
    """Prints the answers; and, of the images that stand for a reader's, how many numbers agree with the record."""
    lines = [f"{question} {answer.capitalize()}." for question, answer in answers(found)["answer"].items()]
    lines += agreement(found) if _name(found) == OWN else []
    print("\n".join(lines))  # noqa: T201 - at once, so that a notebook keeps it as one output


def _sampling(found: Evidence, name: str) -> Verdict:
    if not len(found.rows(quantity="precision", architecture="mlp")):
        why = f"it needs labels and {FEW} held-out images; look at the chains, and at the distances below"
        return Verdict("C9", "not decidable", why)
    return sampling(found, claim="C9", sets=(name,))


def _name(found: Evidence) -> str:
    return found.table["data"].iloc[0]
