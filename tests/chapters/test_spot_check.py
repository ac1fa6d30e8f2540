import json

import pandas as pd
import pytest

import kaleido as kd
from kaleido import __main__
from kaleido.chapters import jobs, rows, spot_check
from kaleido.chapters.jobs import Job, learn_all, network, states
from kaleido.chapters.published import assemble
from kaleido.measures.quality import reference
from kaleido.tools import files

JOB = Job("digits", 10, 80, steps=40, batch=64)  # wider than what learns stacked


@pytest.fixture
def record(monkeypatch, build, tmp_path):
    """A record of two small networks at the published settings, made small."""
    sizes = {"PROBES": 60, "CHAINS": 360, "GAINS": 10, "LOOK": 300}
    for name, value in sizes.items():
        for module in (jobs, rows):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(spot_check, "JOBS", (JOB,))
    looks = [kd.features(kd.load(JOB.data), seed, steps=20) for seed in (0, 1)]
    monkeypatch.setattr(spot_check, "judges", lambda data: looks)
    monkeypatch.setenv("KALEIDO_RECORD", str(tmp_path / "record"))
    folder, digits = tmp_path / "networks", kd.load(JOB.data)
    learn_all(JOB, digits, folder, (200, 201))
    real = [reference(rows.features_of(look, digits.test)) for look in looks]
    for name, seed, condition, loss in states(JOB, folder):
        net = network(folder / f"{name}.safetensors")
        found = rows.State(JOB, net, digits, looks, real, seed, condition).measured(loss)
        files.write(folder / "rows" / f"{name}.json", json.dumps(found))
    assemble(folder, tmp_path / "record" / "paper")
    return tmp_path / "record" / "paper"


def edit(path, change):
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))


def test_a_network_that_is_trained_again_has_the_recorded_losses_and_numbers(record):
    name = f"{JOB.name}-201"
    assert list(spot_check.networks()) == [f"{JOB.name}-200", name]
    found = spot_check.spot_check(name, minutes=0.01)
    assert found.agrees, found.told
    assert "(1e-06 allowed)" in found.told
    found = spot_check.spot_check(name, whole=True)
    assert found.agrees, found.told
    assert "trained again for 40 of 40 steps" in found.told
    with pytest.raises(ValueError, match=f"expected one of {JOB.name}-200"):
        spot_check.spot_check("mnist-3")


@pytest.mark.parametrize("card", ["this one", "another one"])
def test_a_forged_loss_trace_is_seen(record, card):
    def forge(about):
        about["traces"][1][1][2] *= 1.01
        about["card"] = about["card"] if card == "this one" else "Analytical Engine"

    edit(record / f"{JOB.name}-200-201.json", forge)
    found = spot_check.spot_check(f"{JOB.name}-201", minutes=0.01)
    assert not found.agrees
    assert ("Analytical Engine (0.001 allowed)" in found.told) == (card == "another one")
    assert spot_check.spot_check(f"{JOB.name}-200", minutes=0.01).agrees


def test_numbers_of_another_network_are_seen(record):
    for path in record.glob("*.csv"):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table["value"] = [str(1.5 * float(value) + 1) for value in table["value"]]
        table.to_csv(path, index=False)
    found = spot_check.spot_check(f"{JOB.name}-201", whole=True)
    assert not found.agrees
    assert "; 0 of " in found.told


def test_without_its_data_nothing_is_checked_and_that_is_said(record, monkeypatch):
    monkeypatch.setattr(spot_check, "missing", lambda data: "not there: a file")
    found = spot_check.spot_check(f"{JOB.name}-200")
    assert found.agrees
    assert found.told.startswith("not checked: digits is not here")


def test_a_network_is_drawn_from_those_whose_data_are_here(record, monkeypatch):
    other = Job("fashion", 10, 80)
    files.write(record / f"{other.name}.json", (record / f"{JOB.name}-200-201.json").read_text())
    monkeypatch.setattr(spot_check, "JOBS", (other, JOB))
    monkeypatch.setattr(spot_check, "missing", lambda data: "no file" * (data == "fashion"))
    drawn = []
    monkeypatch.setattr(spot_check.random, "choice", lambda names: drawn.extend(names) or names[0])
    assert spot_check.spot_check(minutes=0.01).name == f"{JOB.name}-200"
    assert drawn == [f"{JOB.name}-200", f"{JOB.name}-201"]


def test_a_network_that_is_not_the_recorded_one_fails_the_command(record, capsys):
    name = f"{JOB.name}-201"
    assert __main__.main(["spot-check", name, "--minutes", "0.01"]) == 0
    edit(record / f"{JOB.name}-200-201.json", lambda about: about["traces"][1][1].__setitem__(0, 2.0))
    assert __main__.main(["spot-check", name, "--minutes", "0.01"]) == 1
    assert f"{name} is not the network that the record names" in capsys.readouterr().err
    assert __main__.main(["spot-check", "nothing"]) == 2
