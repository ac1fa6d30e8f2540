"""Notebook 06: its table."""

import pandas as pd

from kaleido.chapters.data_sets.cells import absent
from kaleido.lab.evidence import Evidence


def loaded(found: Evidence) -> pd.DataFrame:
    """Returns the data sets of notebook 06: how many seeds were run, or why none was."""
    seeds = found.rows(claim="C9", quantity="loss").groupby("data")["seeds"].nunique()
    rows = [(name, f"run, {n} seeds" if n > 1 else "run, one seed") for name, n in seeds.items()]
    rows += [(name, f"not run; {why}") for name, why in absent().items()]
    return pd.DataFrame(rows, columns=["data", "status"]).set_index("data")
