"""What a study says of one network that a test made."""

from kaleido.lab.sweep import _adder


def asked(study, cell, net, data, history=None):
    """Returns the rows and the arrays of a study of one network, as `kaleido.lab.sweep.compute` collects them."""
    (seed,), rows = cell.seeds, []
    arrays = study(cell, net, data, seed, history, _adder(rows, seed, cell.variant))
    return rows, arrays or {}
