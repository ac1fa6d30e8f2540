"""Beyond one machine: the cells of a sweep on the workers of a Dask cluster."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from joblib import Parallel, parallel_config

__all__ = ["local_cluster", "workers"]

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
            package, of the same version, and runs one job at a time if it has one thread (`--nthreads 1`). Set
            `distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_` to none for them, see `local_cluster`.

    Raises:
        ModuleNotFoundError: If a cluster is asked for and Dask is not installed.
        OSError: If there is no scheduler at the address.
    """
    if not cluster:
        with warnings.catch_warnings():  # joblib replaces a worker whose memory has grown, says so, and loses no job
            warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
            yield Parallel(n_jobs=processes, return_as="generator_unordered")
        return
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise ModuleNotFoundError("a cluster needs Dask: pip install -e '.[cluster]'") from None
    local = local_cluster(processes) if cluster == "local" else None
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


def local_cluster(processes: int):
    """Starts a Dask cluster on this machine, of so many workers with one thread each, and returns it.

    By default Dask's workers give memory back to the system after every large product
    (`MALLOC_TRIM_THRESHOLD_=65536`), only to map it again for the next, page by page; these keep it, which took a third
    off the time of two workers on two cores.
    """
    import dask
    from distributed import LocalCluster

    with dask.config.set({"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None}):
        return LocalCluster(n_workers=processes, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
