"""Several training runs that differ in a few settings: one after the other here, or side by side on a Dask cluster."""

import itertools
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from mammo_core.errors import MammoError
from mammo_core.jobs.folder import FINAL, JobFolder
from mammo_core.jobs.process import run_in_process, run_requested
from mammo_core.jobs.runs import describe_run
from mammo_core.learning.config import TrainingConfig
from mammo_core.learning.plan import plan
from mammo_core.settings import apply_environment, as_environment, settings

Progress = Callable[[dict[str, Any]], None]
NEVER_BEGUN = "No worker began it here. Do all workers see the same data and models folders as this machine?"
ONE_AT_A_TIME = threading.Lock()  # a Dask worker with several threads would mix the seeds of several trainings


def variants(document: dict[str, Any], choices: dict[str, list[Any]], folds: int | None = None) -> list[dict[str, Any]]:
    """Return a training document for each combination of choices, and for each fold of it.

    Args:
        document: what all have in common.
        choices: the values of each setting that is varied.
        folds: patient-grouped folds, each the test part of one run; none without.
    """
    if folds is not None:
        choices = {**choices, "folds": [folds], "fold": list(range(1, folds + 1))}
    return [{**document, **dict(zip(choices, values, strict=True))} for values in itertools.product(*choices.values())]


def sweep(
    documents: list[dict[str, Any]], scheduler: str | None = None, on_progress: Progress = lambda _: None
) -> list[dict[str, Any]]:
    """Do several training runs; one that fails doesn't end the others.

    Args:
        documents: fields of TrainingConfig; all are checked before anything starts.
        scheduler: address of a Dask scheduler whose workers see the same folders; without one the runs take turns here.
        on_progress: called with done and total, in runs.

    Returns:
        run, state, message, epochs, auc and, of the settings, those that differ between the runs; in the given order.

    Raises:
        MammoError: settings or data don't allow one of the runs, or no scheduler answers.
    """
    configs = [TrainingConfig.read(document) for document in documents]
    for config in configs:
        plan(config)
    base = f"{configs[0].store}-sweep-{datetime.now():%Y%m%d-%H%M%S}"
    paths = [settings().models.absolute() / f"{base}-{number:02d}" for number in range(1, len(configs) + 1)]
    tasks = [
        (path, {"run": str(path), "config": config.parameters}) for path, config in zip(paths, configs, strict=True)
    ]
    for done, _ in enumerate(_side_by_side(tasks, scheduler) if scheduler else _in_sequence(tasks), 1):
        on_progress({"done": done, "total": len(tasks), "unit": "runs"})
    differing = [key for key in configs[0].parameters if len({str(config.parameters[key]) for config in configs}) > 1]
    return [
        {**_result(path), "settings": {key: config.parameters[key] for key in differing}}
        for path, config in zip(paths, configs, strict=True)
    ]


def _result(path: Path) -> dict[str, Any]:
    job = JobFolder(path)
    if not job.exists:
        return {"run": path.name, "state": "failed", "message": NEVER_BEGUN, "epochs": None, "auc": None}
    found = describe_run(path)
    return {"message": job.message(), **{key: found[key] for key in ("run", "state", "epochs", "auc")}}


def train_on_worker(path: Path, arguments: dict[str, Any], environment: dict[str, str]) -> None:
    """Do one run of a sweep in a Dask worker; Dask gives it to another worker if this one dies, and it goes on there."""
    with ONE_AT_A_TIME:
        apply_environment(environment)
        folder = JobFolder(path)
        if not folder.exists:
            folder.write_request("train", arguments)
        if not folder.stop_requested():
            run_requested(folder, in_turn=False)


@contextmanager
def _failures_left_to_folder(path: Path) -> Iterator[None]:
    """Let a run fail for whatever reason, as long as its folder says so; the others go on."""
    try:
        yield
    except MammoError:
        pass
    except Exception:
        if not JobFolder(path).exists or JobFolder(path).state() not in FINAL:
            raise
        with (path / "work.log").open("a", encoding="utf-8") as log:
            log.write(traceback.format_exc())


def _in_sequence(tasks: list[tuple[Path, dict[str, Any]]]) -> Iterator[Path]:
    for path, arguments in tasks:
        with _failures_left_to_folder(path):
            run_in_process(path, "train", arguments)
        yield path


def _side_by_side(tasks: list[tuple[Path, dict[str, Any]]], scheduler: str) -> Iterator[Path]:
    from distributed import KilledWorker, as_completed

    from mammo_core.jobs.cluster import open_pool

    with open_pool(None, scheduler) as pool:
        futures = {
            pool.client.submit(train_on_worker, path, arguments, as_environment(), pure=False): path
            for path, arguments in tasks
        }
        try:
            for future in as_completed(futures):
                path = futures[future]
                with _failures_left_to_folder(path), suppress(KilledWorker):
                    future.result()
                yield path
        finally:
            for path in futures.values():  # none goes on without the sweep that asked for it
                if JobFolder(path).exists and JobFolder(path).state() not in FINAL:
                    JobFolder(path).request_stop()
