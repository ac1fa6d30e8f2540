"""Beyond one machine: the cells of a sweep on the workers of a Dask cluster."""

from collections.abc import Iterator
from contextlib import contextmanager

from joblib import Parallel, parallel_config

__all__ = ["workers"]

CALL, WAIT = 10, 60  # seconds that the scheduler may take to answer, and the first worker to come


@contextmanager
def workers(processes: int, cluster: str | None) -> Iterator[Parallel]:
    """Gives joblib's way to run jobs side by side, whose results come as they are done.

    Dask runs the jobs of a lost worker again on another one (three times at most, `distributed.scheduler.
    allowed-failures`), and takes in workers that come later.

    Arguments:
        processes: How many of this machine's processes run jobs, on no cluster or on the `local` one.
        cluster: `None`; `local`, for a Dask cluster on this machine; or the address of a Dask scheduler, as
            `tcp://host:8786`, whatever started its workers: SLURM, Kubernetes, a shell. Each of them needs this
            package, of the same version, and runs one job at a time if it has one thread (`--nthreads 1`).

    Raises:
        ModuleNotFoundError: If a cluster is asked for and Dask is not installed.
        OSError: If there is no scheduler at the address.
    """
    if not cluster:
        yield Parallel(n_jobs=processes, return_as="generator_unordered")
        return
    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError:
        raise ModuleNotFoundError("a cluster needs Dask: pip install 'kaleidoscopic-networks[cluster]'") from None
    local = None
    if cluster == "local":
        local = LocalCluster(n_workers=processes, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
    try:
        with (
            Client(local or cluster, timeout=CALL) as client,
            parallel_config("dask", client=client, wait_for_workers_timeout=WAIT),
        ):
            # all jobs at once, one by one: the scheduler knows the longest first, and new workers find some
            yield Parallel(return_as="generator_unordered", pre_dispatch="all", batch_size=1)
    finally:
        if local:
            local.close()
