"""Dask within the tests' own process."""

from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client, LocalCluster

from mammo_core.jobs.cluster import DaskPool


@contextmanager
def dask_client() -> Iterator[Client]:
    """Yield a client of a cluster with one worker, a thread of this process."""
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def pool_in_process(
    workers: int | None = None, scheduler: str | None = None, *, module: str | None = None
) -> Iterator[DaskPool]:
    """Yield a pool with one worker, a thread of this process; takes the arguments of `open_pool`."""
    with dask_client() as client:
        yield DaskPool(client)
