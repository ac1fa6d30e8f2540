import pandas as pd
from conftest import ROOT, row

from kaleido.chapters import CHAPTERS, data_sets
from kaleido.data import sources
from kaleido.lab.evidence import write_evidence
from kaleido.lab.ledger import moved


def test_the_two_data_sets_stand_side_by_side_with_the_numbers_of_their_claims():
    endpoints = pd.read_csv(ROOT / "data" / "record" / "paper" / "endpoints.csv")
    table, means = data_sets.tables.beside_mnist(), endpoints.groupby("claim")["value"].mean()
    for said, data, claim in (
        ("precision", "mnist", "C3a"),
        ("coverage", "mnist", "C3b"),
        ("precision", "fashion", "C9a"),
        ("coverage", "fashion", "C9b"),
        ("contraction", "mnist", "C1"),
        ("copy share", "mnist", "B2"),
        ("share that keeps its class", "mnist", "C8"),
    ):
        assert table.loc[said, data].startswith(f"{means[claim]:.2f} ["), said


def test_a_set_that_is_not_here_is_not_run_and_not_missed(build, tmp_path, monkeypatch):
    fashion = [row("C9", "precision", "fashion5k", "mlp", seed, 0.9, run=20) for seed in (100, 101)]
    face = row("C9", "loss", "faces", "mlp", 100, 0.1)
    write_evidence(tmp_path / "record" / "smoke", "06", "smoke", [*fashion, face])
    found = write_evidence(build / "smoke" / "evidence", "06", "smoke", [face])
    missed = 0 if "fashion5k" in data_sets.cells.absent() else 3  # two seeds and their mean
    assert moved(CHAPTERS, "smoke")["06"][:2] == (1, 1 + missed)
    monkeypatch.setattr(sources, "DEBIAN", tmp_path / "nowhere")
    monkeypatch.setenv("KALEIDO_DATA", str(tmp_path / "nothing"))
    cells = data_sets.CHAPTER.cells("smoke")
    assert {cell.data for cell in cells} == {"faces", "patches"}
    assert set(data_sets.cells.absent()) == {"fashion5k", "cifar10-dogs", "celeba"}
    status = data_sets.tables.loaded(found)["status"]
    assert status["faces"] == "run, one seed"
    assert status["celeba"] == "not run; not there: img_align_celeba.zip"
    assert status["fashion5k"].startswith("not run; not there: fashion/train-images")
    assert moved(CHAPTERS, "smoke")["06"][:2] == (1, 1)  # what Fashion-MNIST has on record is not asked for
