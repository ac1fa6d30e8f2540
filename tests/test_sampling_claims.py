import numpy as np
import pytest
from test_verdicts import row

import kaleido as kd
from kaleido.baselines import MUST_NOT_PASS
from kaleido.evidence import write_evidence

GOOD = {"precision": 0.95, "coverage": 0.9, "recall": 0.7, "density": 0.95}
COLLAPSED = GOOD | {"recall": 0.01, "coverage": 0.2}


def quality(build, digits=GOOD, mnist5k=GOOD, passing=None):
    """Evidence of notebook 03 with known answers: every sample that must not pass is collapsed, but for some."""
    rng = np.random.default_rng(0)
    rows = []
    for data, seeds, ours in (("digits", 10, digits), ("mnist5k", 5, mnist5k)):
        scores = {"mlp": ours, "training points": GOOD} | dict.fromkeys(MUST_NOT_PASS, COLLAPSED) | (passing or {})
        for name, values in scores.items():
            for quantity, value in (values | {"pc": 0.9}).items():
                for seed in range(100, 100 + seeds):
                    about = (
                        {"condition": "noise", "run": 20} if name == "mlp" else {"condition": "baseline", "run": None}
                    )
                    found = value + 0.002 * rng.standard_normal()
                    rows.append(row("C3", quantity, data, name, seed, found, **about))
    write_evidence(build / "smoke" / "evidence", "03", "smoke", rows)
    return kd.judge("C3", "smoke")


def test_c3_is_supported_by_good_samples_on_both_data_sets(build):
    verdict = quality(build)
    assert verdict.verdict == "supported"
    assert len(verdict.tests) == 8
    assert verdict.data == "digits, mnist5k"


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"recall": 0.1}, "partly supported"),
        ({"density": 0.5}, "partly supported"),
        ({"coverage": 0.3}, "not supported"),
        ({"precision": 0.7}, "not supported"),
        ({"coverage": 0.5005}, "inconclusive"),
    ],
)
def test_each_condition_of_c3_is_required(build, change, verdict):
    found = quality(build, mnist5k=GOOD | change)
    assert found.verdict == verdict
    if verdict == "not supported":
        assert f"mnist5k: {next(iter(change))} is" in found.reason


def test_what_partly_supports_c3_is_what_decides_its_p(build):
    found = quality(build, mnist5k=GOOD | {"recall": 0.1})
    assert found.deciding.p < 0.001
    assert found.deciding.asked.split(": ")[1] in ("precision", "coverage")


def test_c3_is_not_decidable_where_something_passes_that_must_not(build):
    found = quality(build, passing={"mixup": GOOD})
    assert found.verdict == "not decidable"
    assert "mixup" in found.reason
    failing = quality(build, digits=COLLAPSED, mnist5k=COLLAPSED, passing={"mixup": GOOD})
    assert failing.verdict == "not decidable"
    assert "coverage is 0.2" in failing.reason  # and it says how the kaleidoscope did
    half = quality(build, passing={"100 centroids": GOOD | {"recall": 0.0}})
    assert half.verdict == "supported"
    both_half = quality(build, mnist5k=GOOD | {"recall": 0.1}, passing={"100 centroids": GOOD | {"recall": 0.0}})
    assert both_half.verdict == "not decidable"


STABLE = {"share that keeps its class": 0.97, "final confidence": 0.95, "final class entropy": 2.2}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "supported"),
        ({"share that keeps its class": 0.8}, "not supported"),
        ({"final confidence": 0.85}, "not supported"),
        ({"final class entropy": 1.8}, "not supported"),
        ({"share that keeps its class": 0.9}, "inconclusive"),
    ],
)
@pytest.mark.parametrize("where", ["noise", "centred kick"])
def test_c8_asks_for_stable_sure_and_varied_classes_with_and_without_a_kick(build, change, verdict, where):
    rng = np.random.default_rng(0)
    rows = []
    for data, seeds in (("digits", 10), ("mnist5k", 5)):
        for condition in ("noise", "centred kick"):
            values = STABLE | (change if (data, condition) == ("mnist5k", where) else {})
            for quantity, value in values.items():
                for seed in range(100, 100 + seeds):
                    found = value + 0.002 * rng.standard_normal()
                    rows.append(row("C8", quantity, data, "mlp", seed, found, condition=condition, run=None))
    write_evidence(build / "smoke" / "evidence", "03", "smoke", rows)
    found = kd.judge("C8", "smoke")
    assert found.verdict == verdict
    assert len(found.tests) == 12
