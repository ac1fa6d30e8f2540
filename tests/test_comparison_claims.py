import json

import numpy as np
import pytest
import torch
from test_sampling_claims import COLLAPSED, GOOD
from test_verdicts import row

import kaleido as kd
from kaleido import plans, sources
from kaleido.baselines import MUST_NOT_PASS
from kaleido.comparison_rules import other_data
from kaleido.comparisons import _correlation
from kaleido.evidence import compare, read_evidence, write_evidence
from kaleido.networks import ARCHITECTURES
from kaleido.plans import plan
from kaleido.sizes import SHAPES

SHOWS, COPIES, CONSTANT = {"rho": 0.3, "spread": 0.6}, {"rho": 0.75, "spread": 0.9}, {"rho": 0.3, "spread": 0.01}


def shown(build, **change):
    """Evidence of notebook 05 in which every architecture shows the phenomenon, but for some; C5's verdict on it."""
    rng = np.random.default_rng(0)
    rows = []
    for data, seeds in (("digits", 10), ("mnist5k", 5)):
        for name in ("cnn", "transformer", "unet"):
            values = change.get(f"{name} {data}", change.get(name, SHOWS))
            for seed in range(100, 100 + seeds):
                for condition, about in (("untrained", {"rho": 0.8, "spread": 0.01}), ("learned", values)):
                    for quantity, value in about.items():
                        found = value + 0.005 * rng.standard_normal()
                        rows.append(row("C5", quantity, data, name, seed, found, condition=condition, run=1))
    write_evidence(build / "smoke" / "evidence", "05", "smoke", rows)
    return kd.judge("C5", "smoke")


def test_c5_is_supported_if_all_three_show_it_on_both_data_sets(build):
    verdict = shown(build)
    assert (verdict.verdict, len(verdict.tests)) == ("supported", 12)
    assert verdict.data == "digits, mnist5k"


@pytest.mark.parametrize("fails", [COPIES, CONSTANT], ids=["copies", "constant"])
def test_some_of_them_are_partly_and_none_is_not(build, fails):
    some = shown(build, unet=fails)
    assert some.verdict == "partly supported"
    assert some.reason.startswith("cnn, transformer shows it")
    assert some.p == pytest.approx(3 * some.deciding.p)  # the best of three
    assert some.p < 0.001
    assert shown(build, cnn=fails, transformer=fails, unet=fails).verdict == "not supported"
    one_set = {f"{name} mnist5k": fails for name in ("cnn", "transformer", "unet")}
    assert shown(build, **one_set).verdict == "not supported"


def test_an_interval_about_the_threshold_is_inconclusive(build):
    near = {"rho": 0.7005, "spread": 0.6}
    assert shown(build, cnn=near, transformer=near, unet=near).verdict == "inconclusive"


def test_the_networks_of_c5_are_about_as_large_as_one_another():
    for name, shapes in SHAPES.items():
        data = kd.load(name)
        sizes = {}
        for architecture, (depth, width, *_) in shapes.items():
            net = kd.build(architecture, data, depth, width, [0])[0]
            sizes[architecture] = sum(weights.numel() for weights in net.parameters())
        middle = (max(sizes.values()) + min(sizes.values())) / 2
        assert all(abs(size / middle - 1) <= 0.15 for size in sizes.values()), sizes
    cells = plan("05", "laptop")
    assert len(cells) == 6 * (10 + 5)
    assert {cell.architecture for cell in cells} == set(ARCHITECTURES)


def other(build, ours=GOOD, passing=None):
    rng = np.random.default_rng(0)
    rows = []
    scores = {"mlp": ours, "training points": GOOD} | dict.fromkeys(MUST_NOT_PASS, COLLAPSED) | (passing or {})
    for name, values in scores.items():
        for quantity, value in (values | {"pc": 0.9}).items():
            for seed in range(100, 105):
                about = {"condition": "noise", "run": 20} if name == "mlp" else {"condition": "baseline", "run": None}
                value_ = value + 0.002 * rng.standard_normal()
                rows.append(row("C9", quantity, "fashion5k", name, seed, value_, **about))
    return write_evidence(build / "smoke" / "evidence", "06", "smoke", rows)


def test_c9_is_c3s_test_on_what_was_loaded(build):
    assert other_data(other(build)).verdict == "supported"
    assert other_data(other(build, GOOD | {"recall": 0.1})).verdict == "partly supported"
    assert other_data(other(build, COLLAPSED)).verdict == "not supported"
    assert other_data(other(build, passing={"mixup": GOOD})).verdict == "not decidable"


def test_a_set_that_is_not_here_is_not_run_and_not_missed(build, tmp_path, monkeypatch):
    found = other(build)
    write_evidence(tmp_path / "record" / "smoke", "06", "smoke", _rows(found, "fashion5k"))
    monkeypatch.setattr(sources, "DEBIAN", tmp_path / "nowhere")
    monkeypatch.setenv("KALEIDO_DATA", str(tmp_path / "nothing"))
    cells = plan("06", "smoke")
    assert {cell.data for cell in cells} == {"faces", "patches"}
    assert set(plans.absent()) == {"fashion5k", "cifar10-dogs", "celeba"}
    faces = write_evidence(build / "smoke" / "evidence", "06", "smoke", [row("C9", "loss", "faces", "mlp", 100, 0.1)])
    verdict = kd.judge("C9", "smoke")
    assert verdict.verdict == "not run"
    status = kd.loaded(faces)["status"]
    assert status["faces"] == "run, one seed"
    assert status["celeba"] == "not run; not there: img_align_celeba.zip"
    assert "fashion5k not there: fashion/train-images" in verdict.reason
    assert compare(faces)[1] == 1  # what Fashion-MNIST has on record is not asked for
    entries = kd.ledger("smoke")
    recorded = [entry | ({"verdict": "supported"} if entry["claim"] == "C9" else {}) for entry in entries]
    (tmp_path / "record" / "smoke" / "ledger.json").write_text(json.dumps({"claims": recorded}))
    assert kd.standing("smoke")["C9"].startswith("borderline: data not here")


def _rows(found, data):
    keep = found.rows(data=data).to_dict("records")
    return [{**each, "seed": int(each["seeds"]), "run": None if each["run"] is None else each["run"]} for each in keep]


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
    cells = kd.searched(write_evidence(build, "05", "extended", rows))
    assert len(cells) == 4
    assert set(cells["condition"]) == {"learned"}
    assert cells["shows"].sum() == 1
    best = kd.best_and_worst(cells).loc[("unet", "best")]
    assert (best["depth"], best["images"], best["fall"]) == (2, "10", pytest.approx(0.6))
    assert not kd.best_and_worst(cells).loc[("unet", "worst")]["shows"]
    default = kd.best_and_worst(cells).loc[("unet", "default")]
    assert (default["depth"], default["images"]) == (SHAPES["digits"]["unet"][0], "all")


def test_noise_kept_is_one_for_the_identity_and_zero_for_a_constant():
    z = torch.rand(4000, 5, generator=torch.Generator().manual_seed(0))
    assert _correlation(z, z) == pytest.approx(1)
    assert _correlation(z, 3 - 2 * z) == pytest.approx(-1)
    assert _correlation(z, torch.ones_like(z)) == 0
    assert abs(_correlation(z, z.roll(1, 0))) < 0.05


def test_the_degrees_are_ranked(build):
    shown(build, unet=COPIES)
    found = read_evidence(build / "smoke" / "evidence", "05", "smoke")
    extra = []
    for data in ("digits", "mnist5k"):
        for name in ("cnn", "transformer", "unet"):
            for seed in range(100, 105):
                for quantity, run in (("gain", 1), ("noise kept", 1), ("pc", 20), ("loss", None)):
                    extra.append(
                        row("C5", quantity, data, name, seed, 0.5 + 0.001 * seed, condition="learned", run=run)
                    )
    rows = _rows(found, "mnist5k") + [r for r in extra if r["data"] == "mnist5k"]
    table = kd.degrees(write_evidence(build, "05", "smoke", rows), "mnist5k")
    assert table.index[-1] == "unet"
    assert table["fall of rho"].iloc[-1].startswith("0.05 [")
