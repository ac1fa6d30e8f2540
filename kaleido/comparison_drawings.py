"""Other architectures and other data sets: one function per figure of notebooks 05 and 06, from evidence alone."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from kaleido.claims import SAMPLED
from kaleido.curves import runs_axis, seeds_and_mean
from kaleido.evidence import Evidence
from kaleido.pictures import animation, sheet
from kaleido.plans import absent
from kaleido.sizes import IMAGES, SHAPES
from kaleido.statistics import in_words, interval
from kaleido.studies import KEPT
from kaleido.style import COLUMN, CONTROL, DATA, MAP, MILLIMETRE, PAGE

__all__ = [
    "along_runs", "best_and_worst", "data_sets", "degrees", "loaded", "published", "quality", "ranked", "samples",
    "search", "searched", "turning",
]  # fmt: skip

NAMES = {
    "mlp": "MLP",
    "cnn": "CNN",
    "autoencoder": "CNN, bottleneck",
    "transformer": "Transformer",
    "unet": "U-Net",
    "unet without skips": "U-Net, no skips",
}
COLOURS = dict(zip(NAMES, sns.color_palette("colorblind", len(NAMES)), strict=True))
SHOWN, CHAINS = (0, 1, 2, 5, 20), 4  # runs and chains of the samples
FALL, ASKED = 0.10, 0.25  # by so much contraction must fall below the untrained network's; the least spread
PIXELS = {"fashion5k": (28, 28), "fashion": (28, 28), "faces": (25, 25)}  # others are 32 x 32 in colour


def samples(found: Evidence) -> Figure:
    """Four chains of every architecture by runs, from the same noise in every row."""
    figure = Figure((PAGE, 112 * MILLIMETRE))
    for axis, data, side in zip(figure.subplots(2, 1), IMAGES, (8, 28), strict=True):
        kept = [0, *_runs(found, data)]
        runs = [run for run in SHOWN if run in kept]
        rows = []
        for name in NAMES:
            chains = found.arrays[f"{data}/{name}/learned"].numpy().reshape(len(kept), -1, side, side)
            rows += [chains[kept.index(run), chain] for chain in range(CHAINS) for run in runs]
        pictures = np.stack(rows)
        pictures = pictures.repeat(3, 1).repeat(3, 2) if side < 16 else pictures  # so that frames stay thin
        width = pictures.shape[-1] + 2
        axis.imshow(sheet(pictures, CHAINS * len(runs)), cmap="gray", vmin=0, vmax=255)
        axis.set_yticks([width * (i + 0.5) for i in range(len(NAMES))], list(NAMES.values()))
        axis.set_xticks([width * (i + 0.5) for i in range(CHAINS * len(runs))], [str(run) for run in runs] * CHAINS)
        axis.set(title=data, xlabel="sampling runs of four chains" if data == IMAGES[-1] else None)
        axis.tick_params(length=0)
        sns.despine(ax=axis, left=True, bottom=True)
    return figure


def degrees(found: Evidence) -> Figure:
    """To which degree: fall of rho, spread, gain and noise kept, all seeds, after the last step and at equal loss."""
    figure = Figure((PAGE, 100 * MILLIMETRE))
    axes = figure.subplots(2, 4, sharey=True, sharex="col")
    titles = {"rho": "fall of $\\rho$", "spread": "spread", "gain": "median gain", "noise kept": "noise kept"}
    for row, data in zip(axes, IMAGES, strict=True):
        level = sorted(c for c in found.rows(claim="C5", data=data)["condition"].unique() if c.startswith("loss"))
        for axis, (quantity, title) in zip(row, titles.items(), strict=True):
            axis.axvline(
                {"rho": FALL, "spread": ASKED, "gain": 1, "noise kept": 0}[quantity], color=CONTROL, lw=0.8, ls=":"
            )
            for shift, condition, colour in zip((0.16, -0.16), ("learned", *level), (MAP, DATA), strict=False):
                for place, name in enumerate(NAMES):
                    about = {"claim": "C5", "quantity": quantity, "data": data, "architecture": name, "run": 1}
                    seeds = found.rows(**about, condition=condition).set_index("seeds")["value"]
                    if quantity == "rho":
                        before = found.rows(**about, condition="untrained").set_index("seeds")["value"]
                        seeds = before.reindex(seeds.index) - seeds
                    if seeds.empty:
                        continue
                    at = np.full(len(seeds), -place + shift)
                    label = None if place else ("after the last step" if condition == "learned" else "at equal loss")
                    axis.plot(seeds, at, "o", color=colour, ms=2, alpha=0.4, mew=0)
                    axis.plot(seeds.mean(), at[0], "|", color=colour, ms=8, mew=1.8, label=label)
            if data == IMAGES[0]:
                axis.set_title(title)
        row[0].set_yticks(-np.arange(len(NAMES)), list(NAMES.values()))
        row[0].set_ylabel(f"{data}\n{level[0] if level else ''}")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize="small")
    return figure


def along_runs(found: Evidence) -> Figure:
    """PC along the runs, one colour per architecture, all seeds thin."""
    figure = Figure((PAGE, 66 * MILLIMETRE))
    axes = figure.subplots(1, 2, sharey=True)
    for axis, data in zip(axes, IMAGES, strict=True):
        for name, label in NAMES.items():
            rows = found.rows(claim="C5", quantity="pc", data=data, architecture=name, condition="learned")
            seeds_and_mean(axis, rows, COLOURS[name], label)
        axis.set_xscale("log")
        axis.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        axis.minorticks_off()
        axis.set(title=f"{data}, {rows['seeds'].nunique()} seeds", xlabel="sampling run", ylim=(0, None))
    axes[0].set_ylabel("PC (no unit)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", fontsize="small")
    return figure


def search(found: Evidence) -> Figure:
    """The search: fall of rho and PC of every architecture over depth and number of training images, on digits."""
    cells = searched(found)
    cells = cells[cells["condition"] == "learned"]
    figure = Figure((PAGE, 84 * MILLIMETRE))
    axes = figure.subplots(2, len(NAMES), sharex=True)
    images = [n for n in ("10", "100", "1000", "all") if n in set(cells["images"])]
    for column, (name, label) in enumerate(NAMES.items()):
        for axis, quantity, most in zip(axes[:, column], ("fall", "pc"), (0.6, 1), strict=True):
            some = cells[cells["kind"] == name]
            table = some.pivot(index="depth", columns="images", values=quantity).reindex(columns=images)
            shows = some.pivot(index="depth", columns="images", values="shows").reindex(columns=images)
            said = table.map(lambda v: f"{v:.2f}".replace("0.", "."))
            said = said.where(~shows.fillna(False).astype(bool), said + "*") if quantity == "fall" else said
            sns.heatmap(
                table, ax=axis, cmap="rocket_r", vmin=0, vmax=most, annot=said, fmt="", annot_kws={"size": 6},
                cbar=False, linewidths=0.5,
            )  # fmt: skip
            axis.set(xlabel="", ylabel="depth" if column == 0 else "")
            axis.tick_params(length=0, labelsize=6.5)
            axis.set_yticks(axis.get_yticks(), [str(depth) for depth in table.index], rotation=0)
        axes[0, column].set_title(label, fontsize=7)
    axes[0, 0].set_ylabel("fall of $\\rho$\ndepth")
    axes[1, 0].set_ylabel("PC at run 20\ndepth")
    figure.supxlabel("training images", fontsize=8)
    return figure


def data_sets(found: Evidence) -> Figure:
    """Chains of every data set that was there by runs, and the training image nearest to each at run 20."""
    names = [key.rpartition("/")[0] for key in sorted(found.arrays) if key.endswith("/pictures")]
    figure = Figure((PAGE, 62 * MILLIMETRE * -(-len(names) // 3)))
    axes = figure.subplots(-(-len(names) // 3), 3, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=False):
        data = name.partition("/")[0]
        pictures, near = (_images(found.arrays[f"{name}/{part}"].numpy(), data) for part in ("pictures", "nearest"))
        runs = [run for run in (0, 1, 5, 20, 200) if run in KEPT[: len(pictures)]]
        chosen = [pictures[KEPT.index(run), :6] for run in runs] + [near[:6]]
        rows = np.stack(chosen, axis=1).reshape(-1, *near.shape[1:])
        side = rows.shape[1] + 2
        axis.imshow(sheet(rows, len(chosen)), cmap="gray", vmin=0, vmax=255)
        axis.set_xticks([side * (i + 0.5) for i in range(len(chosen))], [*map(str, runs), "nearest"])
        axis.set(title=data, yticks=[], xlabel="sampling run")
        axis.tick_params(length=0, labelsize=7)
        sns.despine(ax=axis, left=True, bottom=True)
    for axis in axes[len(names) :]:
        axis.remove()
    return figure


def published(found: Evidence) -> Figure:
    """The published settings on all of Fashion-MNIST: forty chains at four runs."""
    runs = _images(found.arrays["fashion/10/turning"].numpy(), "fashion")
    figure = Figure((PAGE, 36 * MILLIMETRE))
    for axis, run in zip(figure.subplots(1, 4), (0, 1, 5, 20), strict=True):
        axis.imshow(sheet(runs[run], 8), cmap="gray", vmin=0, vmax=255)
        axis.set(title=f"run {run}", xticks=[], yticks=[])
        sns.despine(ax=axis, left=True, bottom=True)
    return figure


def turning(found: Evidence, data: str) -> bytes:
    """Chains of one data set side by side, one frame per run."""
    name = next(key for key in sorted(found.arrays) if key.startswith(f"{data}/") and key.endswith("/turning"))
    return animation(found.arrays[name], PIXELS.get(data, (32, 32, 3)), columns=6, scale=3)


def quality(found: Evidence) -> Figure:
    """Precision, coverage, recall and PC of Fashion-MNIST along the runs, all seeds, beside the training points'."""
    figure = Figure((COLUMN * 1.4, 66 * MILLIMETRE))
    axis = figure.subplots()
    about = {"claim": "C9", "data": "fashion5k"}
    for quantity, colour in zip(
        ("precision", "coverage", "recall", "pc"), sns.color_palette("colorblind"), strict=False
    ):
        rows = found.rows(**about, quantity=quantity, architecture="mlp", condition="noise")
        seeds_and_mean(axis, rows, colour, "PC" if quantity == "pc" else quantity)
        top = found.rows(**about, quantity=quantity, architecture="training points")["value"].mean()
        axis.plot(1.02, top, "<", color=colour, ms=4, transform=axis.get_yaxis_transform(), clip_on=False)
    axis.axvline(SAMPLED, color=CONTROL, lw=0.8, ls=":")
    runs_axis(axis)
    axis.set(
        xlabel="sampling run (arrowheads: training points)", ylabel="score (no unit)", xlim=(0, 220), ylim=(0, 1.05)
    )
    axis.set_title(f"fashion5k, {rows['seeds'].nunique()} seeds")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside right center", fontsize="small")
    return figure


def _runs(found: Evidence, data: str) -> list[int]:
    rows = found.rows(claim="C5", quantity="pc", data=data, architecture="mlp", condition="learned")
    return sorted(rows["run"].astype(int).unique())


def _images(pixels: np.ndarray, data: str) -> np.ndarray:
    return pixels.reshape(*pixels.shape[:-1], *PIXELS.get(data, (32, 32, 3)))


def ranked(found: Evidence, data: str) -> pd.DataFrame:
    """To which degree each architecture shows it: ranked by the fall of rho below the untrained network's.

    Returns:
        One row per architecture with 95 % intervals: `fall of rho`, `spread`, `gain`, `noise kept`, `PC at run 20`, and
        the training `loss`, after the last step.
    """
    rows = []
    for name in found.rows(claim="C5", data=data)["architecture"].unique():

        def seeds(quantity: str, condition: str = "learned", run: int | None = 1, name: str = name):
            about = {"quantity": quantity, "data": data, "architecture": name, "condition": condition}
            return found.values(**about, **({"run": run} if run else {}))

        about = {
            "fall of rho": seeds("rho", "untrained") - seeds("rho"),
            "spread": seeds("spread"),
            "gain": seeds("gain"),
            "noise kept": seeds("noise kept"),
            "PC at run 20": seeds("pc", run=20),
            "loss": seeds("loss", run=None),
        }
        rows.append({"architecture": name} | {key: interval(values) for key, values in about.items()})
    table = pd.DataFrame(rows).set_index("architecture")
    order = table["fall of rho"].map(lambda ends: -ends[0]).argsort(kind="stable")
    return table.iloc[order].map(lambda ends: in_words(*ends, digits=2))


def searched(found: Evidence) -> pd.DataFrame:
    """The cells of the search, from the extended record of notebook 05: means over seeds.

    Returns:
        One row per architecture, depth, number of training images and state of the network: `fall`, `spread`, `pc` at
        run 20, `loss`, and whether the cell `shows` the phenomenon: a fall of more than 0.10, a spread of 0.25 or more.
        A level of the loss that not all seeds reached has no row.
    """
    rows = found.rows(claim="C5")
    names = rows["architecture"].str.extract(r"^(?P<kind>.*), (?P<images>\S+) images$")
    rows = rows.assign(kind=names["kind"], images=names["images"], run=rows["run"].fillna(0).astype(int))
    cell = ["kind", "depth", "images"]
    whole = rows["seeds"].nunique()

    def mean(quantity: str, run: int) -> pd.Series:
        some = rows[(rows["quantity"] == quantity) & (rows["run"] == run)]
        grouped = some.groupby([*cell, "condition"])["value"]
        return grouped.mean()[grouped.size() == whole]

    rho = mean("rho", 1)
    untrained = rho.xs("untrained", level="condition")
    table = pd.DataFrame({"rho": rho, "spread": mean("spread", 1), "pc": mean("pc", 20), "loss": mean("loss", 0)})
    table = table[table.index.get_level_values("condition") != "untrained"].reset_index()
    before = untrained.reindex(pd.MultiIndex.from_frame(table[cell])).to_numpy()
    table["fall"] = before - table["rho"]
    table["shows"] = (table["fall"] > FALL) & (table["spread"] >= ASKED)
    return table


def best_and_worst(cells: pd.DataFrame) -> pd.DataFrame:
    """Returns each architecture's default, best and worst cell of the search.

    The default is the depth of C5 with all images, after the last step; others are ranked by the fall of rho, first
    those that show the phenomenon.
    """
    picked = []
    for kind, group in cells.groupby("kind", sort=False):
        ranked = group.sort_values(["shows", "fall"], ascending=False)
        usual = group[(group["depth"] == SHAPES["digits"][kind][0]) & (group["images"] == "all")]
        picked.append(usual[usual["condition"] == "learned"].assign(which="default"))
        picked += [ranked.head(1).assign(which="best"), ranked.tail(1).assign(which="worst")]
    columns = ["depth", "images", "condition", "loss", "fall", "spread", "pc", "shows"]
    return pd.concat(picked).set_index(["kind", "which"])[columns].round(2)


def loaded(found: Evidence) -> pd.DataFrame:
    """Returns the data sets of notebook 06: how many seeds were run, or why none was."""
    seeds = found.rows(claim="C9", quantity="loss").groupby("data")["seeds"].nunique()
    rows = [(name, f"run, {n} seeds" if n > 1 else "run, one seed") for name, n in seeds.items()]
    rows += [(name, f"not run; {why}") for name, why in absent().items()]
    return pd.DataFrame(rows, columns=["data", "status"]).set_index("data")
