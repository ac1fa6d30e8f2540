"""Notebook 11: maps that remember and maps that generalize lie at the two ends of its curves."""

from collections import Counter

import pytest
import torch
from asked import asked
from conftest import row

import kaleido as kd
from kaleido.chapters import memory
from kaleido.chapters.memory import claims, study
from kaleido.chapters.memory.cells import FEW, MANY
from kaleido.lab.cell import Cell
from kaleido.lab.endpoint import NotMeasured
from kaleido.lab.evidence import write_evidence


def nearest_of(points):
    """The map that takes each input to the nearest of some points."""
    return lambda x: points[kd.nearest(x, points)[1]]


def found_of(maps_of, data, folder):
    """The evidence of the maps that are made of A, B and A, for the numbers of images at which claims are made."""
    rows = []
    for n in (FEW, MANY["digits"]):
        a, b = study.disjoint(data, n, 100)
        maps = [maps_of(known) for known in (a, b, a)]

        def add(claim, quantity, value, n, condition, run=None, architecture="mlp"):
            rows.append(row(claim, quantity, "digits", architecture, 100, float(value), condition=condition, run=run))

        cell = Cell("memory", "digits", 10, 8, 0, (100,), points=n, probes=200, judge=60)
        study.answers(cell, maps, (a, b), data, 100, add)
    return write_evidence(folder, "11", "smoke", rows)


def ratio(found, pair):
    return found.values(quantity="ratio", architecture=pair, condition=f"{MANY['digits']} images").item()


def test_a_memory_lies_at_one_end_of_every_curve(digits, build, tmp_path):
    found = found_of(nearest_of, digits, tmp_path)
    assert claims.remembered(found, "digits") == [1]
    assert claims.agreed(found, "digits")[0] > 0.5
    assert claims.memories(found, "digits") == {"nearest images": claims.agreed(found, "digits")}
    assert claims.copied(found, "digits") == [1]
    assert ratio(found, "same images, other weights") == 0
    assert found.values(quantity="share near own set", architecture="held-out images", condition="100 images") < 0.1
    assert set(found.rows(quantity="radius")["value"]) == {0}


def test_one_map_that_has_learned_neither_set_lies_at_the_other_end(digits, build, tmp_path):
    found = found_of(lambda known: nearest_of(digits.test), digits, tmp_path)
    assert claims.remembered(found, "digits")[0] < 0.1
    assert claims.agreed(found, "digits") == [0]
    assert 0.4 < claims.copied(found, "digits")[0] < 0.6
    assert ratio(found, "other images, same weights") == 0


def test_two_constants_agree_on_nothing(digits, build, tmp_path):
    found = found_of(lambda known: nearest_of(digits.test[:1]), digits, tmp_path)
    assert ratio(found, claims.PAIR) == 1
    with pytest.raises(NotMeasured, match=r"alike: 0\.000 of the distance"):
        claims.agreed(found, "digits")


def test_two_sets_share_no_image_and_larger_ones_hold_smaller_ones():
    values = torch.arange(21.0)[:, None] / 21
    data = kd.Dataset("numbers", values, values[:0], (0.0, 1.0))
    a, b = study.disjoint(data, 10, 3)
    assert len({*a.ravel().tolist(), *b.ravel().tolist()}) == 20
    for smaller, larger in zip(study.disjoint(data, 4, 3), (a, b), strict=True):
        assert torch.equal(smaller, larger[:4])
    assert not torch.equal(a, study.disjoint(data, 10, 4)[0])
    with pytest.raises(ValueError, match="no two disjoint sets of 11"):
        study.disjoint(data, 11, 3)


def test_the_other_networks_change_the_images_the_weights_or_the_batches(digits, build, monkeypatch):
    seen = {}
    monkeypatch.setattr(study, "answers", lambda cell, nets, sets, *_: seen.update(nets=nets, sets=sets))
    cell = Cell("memory", "digits", 2, 8, 0, (100,), points=20, batch=10)
    (first,) = kd.build("mlp", digits, 2, 8, [100])
    rows, _ = asked(lambda *about: study.two_networks(*about, steps=3), cell, first, digits)
    (a, b), losses = seen["sets"], []
    for net, known, weights, batches in zip(
        seen["nets"], (a, b, a, a), (100, 1100, 1100, 100), (100, 1100, 1100, 2100), strict=True
    ):
        (start,) = kd.build("mlp", digits, 2, 8, [weights])
        (alone,) = kd.build("mlp", digits, 2, 8, [batches])
        alone.load_state_dict(start.state_dict())
        losses.append(kd.learn([alone], known, 3, 10, every=3)[0].losses[-1])
        for weights, expected in zip(net.parameters(), alone.parameters(), strict=True):
            torch.testing.assert_close(weights, expected)
    assert [r["value"] for r in rows] == [pytest.approx(sum(losses[:2]) / 2)]


def test_where_no_batches_are_drawn_there_is_no_network_of_other_batches(digits, build, monkeypatch):
    counted = []
    monkeypatch.setattr(study, "answers", lambda cell, nets, *_: counted.append(len(nets)))
    for points, batch in ((9, 10), (10, 10), (11, 10)):
        cell = Cell("memory", "digits", 2, 8, 0, (100,), points=points, batch=batch)
        (first,) = kd.build("mlp", digits, 2, 8, [100])
        asked(lambda *about: study.two_networks(*about, steps=1), cell, first, digits)
    assert counted == [3, 3, 4]


def test_a_map_that_learned_the_same_images_in_other_batches_is_compared_with_the_first(digits, build):
    a, b = study.disjoint(digits, FEW, 100)
    cell = Cell("memory", "digits", 10, 8, 0, (100,), points=FEW, probes=200, judge=60)
    maps = [nearest_of(known) for known in (a, b, a, digits.test)]
    rows, _ = asked(lambda *about: study.answers(cell, maps[:3], (a, b), digits, 100, about[-1]), cell, None, digits)
    name = "same images, same weights, other batches"
    assert name not in {r["architecture"] for r in rows}
    for fourth, expected in ((a, 0), (b, claims.PAIR)):
        maps[3] = nearest_of(fourth)
        rows, _ = asked(lambda *about: study.answers(cell, maps, (a, b), digits, 100, about[-1]), cell, None, digits)
        found = {r["architecture"]: r["value"] for r in rows if r["quantity"] == "ratio"}
        assert found[name] == found.get(expected, 0)


def test_ten_seeds_decide_and_three_are_shown_beside_them():
    cells = memory.CHAPTER.cells("paper")
    assert Counter(cell.points for cell in cells) == {100: 10, 30_000: 10, 10: 3, 1000: 3, 10_000: 3}
    assert {cell.seeds[0] for cell in cells if cell.points in (100, 30_000)} == set(range(300, 310))
    assert {(cell.data, cell.depth, cell.width, cell.lr, cell.batch) for cell in cells} == {
        ("mnist", 10, 500, 1e-4, 1000)
    }
    assert study.paper.keywords == {"steps": 10_000, "device": "auto"}


def test_the_table_has_a_column_for_each_number_of_images(tmp_path):
    rows = [
        row("M1", "share near own set", "digits", "mlp", seed, value, condition=f"{n} images", run=500)
        for n, value in ((100, 0.25), (10, 0.75))
        for seed in (100, 101)
    ]
    table = memory.tables.by_images(write_evidence(tmp_path, "11", "smoke", rows), "digits", memory.tables.REMEMBERED)
    assert list(table.columns) == ["N = 10", "N = 100"]
    assert list(table.loc["share near an image of the own set, run 500"]) == ["0.75", "0.25"]
    assert list(table.loc["training loss"]) == ["", ""]
