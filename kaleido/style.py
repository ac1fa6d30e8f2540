"""One look for all figures: the theme, the sizes of print and the colours."""

import matplotlib
import seaborn as sns

__all__ = ["COLUMN", "CONTROL", "DATA", "MAP", "MILLIMETRE", "PAGE", "theme"]

MILLIMETRE = 1 / 25.4  # inch
COLUMN, PAGE = 85 * MILLIMETRE, 174 * MILLIMETRE
DATA, MAP, CONTROL = sns.color_palette("colorblind")[1], sns.color_palette("colorblind")[0], "0.55"


def theme() -> None:
    """Sets the theme."""
    sns.set_theme(context="paper", style="ticks", palette="colorblind", font_scale=0.9)
    matplotlib.rcParams.update({
        "savefig.dpi": 300, "pdf.fonttype": 42, "axes.spines.top": False, "axes.spines.right": False,
        "axes.titlesize": "medium", "axes.titleweight": "bold", "axes.titlelocation": "left", "legend.frameon": False,
        "figure.constrained_layout.use": True, "image.interpolation": "nearest",
    })  # fmt: skip
