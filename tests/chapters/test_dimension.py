"""Notebook 02: what is measured at the corners."""

from types import SimpleNamespace

import torch

from kaleido.chapters.dimension.study import corners


def test_a_memory_and_a_constant_are_put_through_the_corners():
    data = SimpleNamespace(train=torch.tensor([[0.25], [0.75], [0.5]]), dim=1, bounds=(0.0, 1.0))
    found = {}

    def add(claim, quantity, value, n, condition, run=None, architecture="mlp"):
        found[architecture, quantity] = value

    corners(None, lambda x: x, data, 0, SimpleNamespace(losses=[0.0]), add)
    assert found["mlp", "largest corner loss"] == 0
    assert found["nearest point", "largest corner loss"] == 0.25**2
    assert found["mean point", "largest corner loss"] == 0.5**2
