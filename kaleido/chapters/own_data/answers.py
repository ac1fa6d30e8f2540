"""Notebook 20: what the measurements on a reader's own images come to."""

import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Image, Markdown

from kaleido.chapters.common import SAMPLED
from kaleido.chapters.data_sets.study import FEW
from kaleido.chapters.over_generalization.figures import unseen_inputs
from kaleido.chapters.own_data.cells import OWN, PROFILES, plan
from kaleido.data.reading import scaled
from kaleido.data.sets import stored
from kaleido.lab.chapter import collected
from kaleido.lab.drawing import shown, theme
from kaleido.lab.evidence import Evidence
from kaleido.lab.ledger import LEVEL, agreement
from kaleido.lab.pictures import grid
from kaleido.lab.statistics import in_words, interval, p_value
from kaleido.lab.sweep import sweep
from kaleido.tools import files
from kaleido.tools.checks import whole

__all__ = ["answers", "chains", "check", "facts", "measured", "report", "scores", "told", "unseen"]

SIDE, LARGEST = 4, 4096  # pixels of a side, at least; features, at most: 64 x 64 grey, or 36 x 36 in colour
LEAST, MANY = 10, 100  # different images; held-out ones without which nothing can be said
SURER = 0.1  # by so much the classifier must beat guessing the largest class
SHOWN = 8  # chains
CONSTANTS = ("mean", "medoid", "black")
COPIES, PICTURES = 0.05, 0.1  # copy share; different pictures to a chain
LEFT = "different pictures to a chain"


def measured(path: str, profile: str = "laptop", size: int | None = None) -> Evidence:
    """Learns the images at a path with several seeds, and measures what claims C1, C9, B1 and B2 measure.

    Images that are there twice count once: a held-out image that was learned would make a copy look like none. What has
    been computed is kept in the cache. Images and evidence lie in the build folder, under `own/`; the evidence of the
    data set that stands for a reader's belongs to the profile, as any notebook's.

    Arguments:
        path: A folder of images, `.npy`, `.npz`, an idx file or the name of a data set, see `kaleido.load`.
        profile: How large networks are, and how many seeds.
        size: If given, the middle square of every image of a folder is brought to so many pixels a side.

    Raises:
        ValueError: If the images are too large, too small, too few or not readable, or the profile has no such sizes.
        FileNotFoundError: If there is nothing at the path.
    """
    if isinstance(path, int) and not isinstance(path, bool):
        path = str(path)  # papermill's -p takes what looks like a number for one
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path is {path!r}, expected a name or a path: papermill's -r hands it over as it is written")
    if profile not in PROFILES:
        raise ValueError(f"unknown profile '{profile}', expected one of {', '.join(PROFILES)}")
    if path == OWN and size is None:
        stored(path)  # refuses a name that is a path's, too
        return collected(sweep(plan(profile)), files.build_folder(profile) / "evidence", "20", profile)
    kept = _kept(path, size)
    return collected(sweep(plan(profile, str(kept))), kept.with_suffix(""), "20", profile)


def facts(found: Evidence) -> pd.Series:
    """Returns what was learned, and how well: numbers of images, their shape, networks, and the loss at the end.

    Beside the loss stands that of a network that knows nothing but the mean image; where there are labels, the share of
    held-out images whose class the judging classifier finds, and the share of the largest class.
    """
    loss = found.rows(claim="C9", quantity="loss")

    def mean(quantity: str) -> str:
        return in_words(*interval(found.values(claim="C9", quantity=quantity)), digits=3)

    said = {
        "training images": loss["n"].iloc[0],
        "held-out images": _held_out(found),
        "shape": " x ".join(map(str, found.arrays["image shape"].tolist())),
        "networks": f"{len(loss)} MLPs, {loss['depth'].iloc[0]} hidden layers of {loss['width'].iloc[0]} units",
        "loss after training": mean("loss"),
        "loss of the mean image": mean("loss of the mean image"),
    }
    if _judged(found):
        said |= {"accuracy of the classifier": mean("accuracy"), "share of the largest class": mean("largest class")}
    return pd.Series(said)


def unseen(found: Evidence) -> Image:
    """Draws contraction against spread on noise, of the learned map and its controls: all seeds."""
    theme()
    figure = unseen_inputs.function(found, (_name(found),))
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
    figure = grid(images.reshape(*images.shape[:2], *shape) / 255, [*runs, "\nnearest"])
    return shown(
        figure, f"{images.shape[1]} chains in rows, sampling runs in columns, the nearest training image last."
    )


def scores(found: Evidence) -> pd.DataFrame:
    """Returns the means over seeds along the runs: quality where there are labels, novelty and copies anyway."""
    asked = ["precision", "recall", "density", "coverage", "novelty", "copy share", "different pictures to a chain"]
    rows = found.means(architecture="mlp", condition="noise")
    rows = rows[rows["quantity"].isin(asked) & rows["claim"].isin(["C9", "B1", "B2"])]
    rows = rows.drop_duplicates(["quantity", "run"], keep="last")  # with labels, novelty is there twice
    table = rows[rows["run"] > 0].pivot(index="run", columns="quantity", values="value")
    return table[[name for name in asked if name in table]].round(3)


def answers(found: Evidence) -> pd.DataFrame:
    """Answers five questions, one row each: the answer, and what it rests on.

    By the endpoints of C1, C3a, C3b and B2 in `book/claims.md`, and the number of pictures at the last run. No
    correction is made for asking five. Nothing is said with fewer than 100 held-out images; of quality, also without
    labels that a classifier can learn, or with fewer than 300 held-out images.
    """
    name, last = _name(found), int(found.table["run"].max())
    few = f"it needs {MANY} held-out images, and there are {_held_out(found)}" if _held_out(found) < MANY else ""
    about = {"data": name, "architecture": "mlp", "condition": "noise"}
    asked = {
        "Do unseen inputs land near your images?": ("contraction", "C1", "rho", 1, 0.5, True),
        "Do samples look like your images?": ("precision", "C9", "precision", SAMPLED, 0.8, False),
        "Do samples cover your images?": ("coverage", "C9", "coverage", SAMPLED, 0.5, False),
        "Are samples copies of training images?": ("copy share", "B2", "copy share", SAMPLED, COPIES, False),
        f"Do chains fall onto few pictures by run {last}?": (LEFT, "B1", LEFT, last, PICTURES, True),
    }
    said = {}
    for question, (measured, claim, quantity, run, threshold, below) in asked.items():
        unsure = few or {"C9": _unsure, "B1": _too_few}.get(claim, lambda found: "")(found)
        if unsure:
            said[question] = {"answer": "cannot be said", "why": unsure}
            continue
        seeds = found.values(**about, claim=claim, quantity=quantity, run=run)
        ends, right = interval(seeds), seeds.mean() < threshold if below else seeds.mean() >= threshold
        sure = p_value(seeds, threshold) < LEVEL
        why = f"{measured} is {in_words(*ends)}; yes would be {'<' if below else '≥'} {threshold:g}"
        passing = _passing(found, claim, quantity, threshold, below)
        why += f"; {', '.join(passing)} would pass too" if passing and sure and right else ""
        said[question] = {"answer": ("yes" if right else "no") if sure else "undecided", "why": why}
    return pd.DataFrame.from_dict(said, orient="index")


def told(found: Evidence) -> Markdown:
    """Returns the answers as a table to read in a notebook."""
    rows = [f"| {question} | **{row['answer']}** | {row['why']} |" for question, row in answers(found).iterrows()]
    return Markdown("\n".join(["| question | answer | why |", "|---|---|---|", *rows]))


def report(found: Evidence) -> None:
    """Prints the answers."""
    print("\n".join(f"{question} {answer.capitalize()}." for question, answer in answers(found)["answer"].items()))  # noqa: T201


def check(found: Evidence) -> None:
    """Prints, of the images that stand for a reader's, whether the numbers agree with the record."""
    if _name(found) == OWN:
        print("\n".join(agreement(found)))  # noqa: T201


def _unsure(found: Evidence) -> str:
    """Why nothing can be said of the samples' quality, if nothing can."""
    if not _judged(found):
        return f"it needs labels and {FEW} held-out images; look at the chains, and at the distances above"
    about = {"claim": "C9", "data": _name(found)}
    right, largest = (found.values(**about, quantity=quantity).mean() for quantity in ("accuracy", "largest class"))
    if right < largest + SURER:
        return (
            f"the classifier that judges finds {right:.2f} of the classes, and guessing the largest one {largest:.2f}"
        )
    return ""


def _too_few(found: Evidence) -> str:
    rows = found.rows(claim="B1", quantity=LEFT, data=_name(found))
    images = found.rows(claim="C9", quantity="loss")["n"].iloc[0]
    if images <= PICTURES * rows["n"].iloc[0]:
        return f"there are {images} training images, no more than the pictures that {rows['n'].iloc[0]} chains may keep"
    return ""


def _passing(found: Evidence, claim: str, quantity: str, threshold: float, below: bool) -> list[str]:
    """Constant maps, or samples that need no network, on the same side of the threshold."""
    if claim not in ("C1", "C9"):
        return []
    rows = found.rows(claim=claim, data=_name(found), quantity=quantity)
    trivial = rows["architecture"].isin(CONSTANTS) & (rows["condition"] == "noise") | (rows["condition"] == "baseline")
    means = rows[trivial].groupby("architecture", sort=False)["value"].mean().drop("training points", errors="ignore")
    return [str(guard) for guard, mean in means.items() if (mean < threshold if below else mean >= threshold)]


def _judged(found: Evidence) -> bool:
    return len(found.rows(claim="C9", quantity="accuracy")) > 0


def _held_out(found: Evidence) -> int:
    return int(found.rows(claim="C9", quantity="held-out images")["value"].iloc[0])


def _name(found: Evidence) -> str:
    return found.table["data"].iloc[0]


def _kept(path: str | os.PathLike, size: int | None) -> Path:
    """Reads the images and keeps them, each once, in the build folder, under a name that says what they are."""
    if size is None:
        found = stored(path)
        images, labels = found.train, found.labels
    else:
        whole("size", size, SIDE)
        images, labels = scaled(Path(path), size), None
    if images.ndim not in (3, 4) or images.shape[3:] not in ((), (3,)) or min(images.shape[1:3]) < SIDE:
        raise ValueError(
            f"'{path}' holds samples of shape {images.shape[1:]}, expected images: (height, width), "
            f"or (height, width, 3) in colour, of {SIDE} pixels a side and more"
        )
    if images[0].size > LARGEST:
        how = (
            "set `size`, the pixels of a side, to 32" if Path(path).is_dir() else "scale them to 32 x 32 and save them"
        )
        raise ValueError(
            f"the images of '{path}' have {images[0].size:,} numbers each, and a network of this notebook is meant for "
            f"{LARGEST:,} at most: {how}"
        )
    once = np.sort(np.unique(images.reshape(len(images), -1), axis=0, return_index=True)[1])
    images, labels = images[once], None if labels is None else labels[once]
    if len(images) < LEAST:
        raise ValueError(f"'{path}' holds {len(images)} different images, expected {LEAST} or more")
    arrays = {"images": images} | ({} if labels is None else {"labels": labels})
    content = io.BytesIO()
    np.savez(content, **arrays)
    kept = files.build_folder("own") / f"{files.digest(content.getvalue())[:16]}.npz"
    if not kept.exists():
        files.write(kept, content.getvalue())
    return kept
