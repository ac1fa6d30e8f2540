import os
import signal
import threading

import pytest
from distributed import Client

from kaleido.lab.cell import Cell
from kaleido.lab.cluster import local_cluster
from kaleido.lab.sweep import sweep

STUDY = "kaleido.chapters.over_generalization.study"

# the first ones take seconds, so that there is a worker to kill in the midst of one
CELLS = [
    Cell(f"{STUDY}:unseen", "digits", 4, 128, steps, (seed,), probes=400)
    for seed, steps in ((100, 400), (101, 400), (102, 60), (103, 60))
]


def measured(folder):
    return {path.name: path.read_bytes() for path in (folder / "cache" / "measured").glob("*.safetensors")}


@pytest.fixture
def scheduler(tmp_path, monkeypatch):
    """Two workers, processes of their own, whose cache is not this process's."""
    monkeypatch.setenv("KALEIDO_BUILD", str(tmp_path / "theirs"))
    with local_cluster(2) as cluster:
        monkeypatch.setenv("KALEIDO_BUILD", str(tmp_path / "ours"))
        yield cluster.scheduler_address


def test_a_cluster_that_loses_a_worker_gives_the_bytes_of_one_process(scheduler, tmp_path, monkeypatch):
    killed = []

    def kill():
        with Client(scheduler, set_as_default=False) as client:
            while not killed:
                busy = [worker for worker, tasks in client.processing().items() if tasks]
                if busy:
                    killed.append(client.run(os.getpid, workers=busy[:1])[busy[0]])
            os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    results = sweep(CELLS, cluster=scheduler)
    killer.join()
    there = measured(tmp_path / "ours")
    assert len(there) == len(CELLS)
    monkeypatch.setenv("KALEIDO_BUILD", str(tmp_path / "alone"))
    alone = sweep(CELLS, processes=1)
    assert there == measured(tmp_path / "alone")
    assert [result.rows for result in results] == [result.rows for result in alone]


def test_a_worker_with_other_code_is_refused(scheduler, edited):
    edited(STUDY)
    with pytest.raises(RuntimeError, match="another version of kaleido"):
        sweep(CELLS[-1:], cluster=scheduler)


def test_the_environment_names_the_scheduler(monkeypatch, build):
    monkeypatch.setenv("KALEIDO_CLUSTER", "tcp://127.0.0.1:1")
    with pytest.raises(OSError, match=r"127\.0\.0\.1:1"):
        sweep(CELLS[-1:])


def test_workers_of_a_local_cluster_keep_their_memory_and_have_one_thread(scheduler):
    with Client(scheduler, set_as_default=False) as client:
        environments = client.run(lambda: dict(os.environ)).values()
    assert len(environments) == 2
    assert not [each for each in environments if "MALLOC_TRIM_THRESHOLD_" in each]
    assert {each["OMP_NUM_THREADS"] for each in environments} == {"1"}
