"""The reading site: notebooks with their committed outputs, the pages beside them, the reference."""

import sys
import warnings
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
warnings.filterwarnings("ignore", category=DeprecationWarning)

from kaleido.chapters.claims.answer import answer  # noqa: E402 - the package of this folder, not another one
from kaleido.lab.ledger import findings, read_ledger  # noqa: E402 - the package of this folder, not another one

project = "kaleido"
author = "The kaleido authors"
copyright = "the kaleido authors, MIT licence"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinxcontrib.bibtex",
]
root_doc = "book/index"
include_patterns = [
    "book/**", "notebooks/**", "data/README.md", "figures/README.md", "figures/paper/README.md", "CHANGELOG.md",
    "CONTRIBUTING.md",
]  # fmt: skip
exclude_patterns = ["build", ".venv", "**/.ipynb_checkpoints"]

nb_execution_mode = "off"  # what is shown is what was committed
nb_render_markdown_format = "myst"  # links in tables that cells put out lead to pages, too
myst_enable_extensions = ["attrs_inline", "dollarmath", "amsmath", "substitution"]
ledger = read_ledger(ROOT / "data" / "record" / "laptop" / "ledger.json")
myst_substitutions = {"answer": answer(ledger), "findings": findings(ledger, root="../")}
myst_heading_anchors = 3
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "unsrt"

default_role = "code"  # of single backticks in docstrings
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
add_module_names = False  # the page says which modules they are, and a phone is narrow
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = "sphinx_book_theme"
html_title = "kaleido"
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": True,
    "navbar_persistent": [],  # the side bar has the search
}
html_context = {"default_mode": "auto"}
html_show_search_summary = False  # it would fetch pages, which a browser forbids in a folder
html_copy_source = False
html_show_sourcelink = False
html_static_path = [str(files("jupyter_server_mathjax") / "static")]  # formulas are typeset without a network
mathjax_path = "MathJax.js?config=TeX-AMS-MML_HTMLorMML-full"
mathjax2_config = {
    "jax": ["input/TeX", "output/HTML-CSS"],
    "extensions": ["tex2jax.js"],
    "tex2jax": {"processClass": "math|output_area"},  # myst has the rest of a page ignored
    "showMathMenu": False,
    "HTML-CSS": {"availableFonts": [], "preferredFont": None, "webFont": "STIX-Web", "imageFont": None},  # ships so
}


def _beside_the_pages(app, failed) -> None:
    """What pages point to: figures, and an entrance to the site."""
    if failed or app.builder.format != "html":
        return
    out = Path(app.outdir)
    (out / "figures").mkdir(exist_ok=True)
    for path in [*(ROOT / "figures").glob("*.html"), *(ROOT / "figures").glob("*.js")]:
        (out / "figures" / path.name).write_bytes(path.read_bytes())
    (out / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>kaleido</title>'
        '<meta http-equiv="refresh" content="0; url=book/index.html"><a href="book/index.html">kaleido</a>\n'
    )


def setup(app) -> None:
    app.connect("build-finished", _beside_the_pages)
