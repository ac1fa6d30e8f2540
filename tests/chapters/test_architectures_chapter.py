import pytest
import torch
from conftest import row

import kaleido as kd
from kaleido.chapters import architectures
from kaleido.chapters.architectures.cells import PROFILES, SHAPES
from kaleido.chapters.architectures.study import _correlation
from kaleido.lab.evidence import write_evidence
from kaleido.networks.build import ARCHITECTURES


def test_the_networks_of_c5_are_about_as_large_as_one_another():
    for name, shapes in SHAPES.items():
        data = kd.load(name)
        sizes = {}
        for architecture, (depth, width, *_) in shapes.items():
            net = kd.build(architecture, data, depth, width, [0])[0]
            sizes[architecture] = sum(weights.numel() for weights in net.parameters())
        middle = (max(sizes.values()) + min(sizes.values())) / 2
        assert all(abs(size / middle - 1) <= 0.15 for size in sizes.values()), sizes
    cells = architectures.CHAPTER.cells("laptop")
    assert len(cells) == sum(PROFILES["laptop"][name][0] * len(shapes) for name, shapes in SHAPES.items())
    assert {cell.architecture for cell in cells} == set(ARCHITECTURES)


def test_the_search_finds_where_an_architecture_shows_it(build):
    rows = []
    for depth in (1, 2):
        for images in ("10", "all"):
            shows = (depth, images) == (2, "10")
            name = f"unet, {images} images"
            for seed in (110, 111, 112):
                add = lambda quantity, value, condition, run, s=seed, n=name, d=depth: rows.append(  # noqa: E731
                    row("C5", quantity, "digits", n, s, value, condition=condition, run=run) | {"depth": d}
                )
                add("rho", 0.8, "untrained", 1)
                add("spread", 0.0, "untrained", 1)
                add("rho", 0.2 if shows else 0.6, "learned", 1)
                add("spread", 0.5 if shows else 0.1, "learned", 1)
                add("pc", 0.4, "learned", 20)
                add("loss", 0.01, "learned", None)
                if seed > 110:  # not all seeds reach this level
                    add("rho", 0.1, "loss 0.1", 1)
                    add("spread", 0.9, "loss 0.1", 1)
    cells = architectures.tables.searched(write_evidence(build, "05", "extended", rows))
    assert len(cells) == 4
    assert set(cells["condition"]) == {"learned"}
    assert cells["shows"].sum() == 1
    best = architectures.tables.best_and_worst(cells).loc[("unet", "best")]
    assert (best["depth"], best["images"], best["fall"]) == (2, "10", pytest.approx(0.6))
    assert not architectures.tables.best_and_worst(cells).loc[("unet", "worst")]["shows"]
    default = architectures.tables.best_and_worst(cells).loc[("unet", "default")]
    assert (default["depth"], default["images"]) == (SHAPES["digits"]["unet"][0], "all")


def test_noise_kept_is_one_for_the_identity_and_zero_for_a_constant():
    z = torch.rand(4000, 5, generator=torch.Generator().manual_seed(0))
    assert _correlation(z, z) == pytest.approx(1)
    assert _correlation(z, 3 - 2 * z) == pytest.approx(-1)
    assert _correlation(z, torch.ones_like(z)) == 0
    assert abs(_correlation(z, z.roll(1, 0))) < 0.05


def test_the_degrees_are_ranked(tmp_path):
    rows = []
    for name, after in (("unet", 0.75), ("cnn", 0.3), ("transformer", 0.5)):
        for seed in (100, 101, 102):

            def add(quantity, value, condition="learned", run=1, name=name, seed=seed):
                rows.append(row("C5", quantity, "mnist5k", name, seed, value, condition=condition, run=run))

            add("rho", 0.8 + 0.1 * (seed - 101), "untrained")
            add("spread", 0.0, "untrained")
            add("rho", after)
            for quantity, run in (("spread", 1), ("gain", 1), ("noise kept", 1), ("pc", 20), ("loss", None)):
                add(quantity, 0.6 if quantity == "pc" else 0.4, run=run)
            add("pc", 0.1, run=10)
    table = architectures.tables.ranked(write_evidence(tmp_path, "05", "smoke", rows), "mnist5k")
    assert list(table.index) == ["cnn", "transformer", "unet"]
    assert table.loc["unet", "fall"] == "0.05 [-0.20, 0.30]"  # -0.05, 0.05, 0.15: 4.303 x 0.1 / sqrt(3)
    assert list(table.loc["cnn"])[1:] == ["0.40", "0.40", "0.40", "0.60", "0.40"]
