"""Many files on Dask: the machine's own cores, or a cluster that sees the same files; the answers are those of the page."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mammo_core.dataset.library import known_views
from mammo_core.errors import ImageError
from mammo_core.inference import Prediction, Predictor, answer_to
from mammo_core.models import Bundle, open_bundle
from mammo_core.processes import ends_after, keep_memory
from mammo_core.settings import apply_environment, as_environment, settings
from mammo_core.uploads import File, read_upload

if TYPE_CHECKING:
    from distributed import Client

BATCH = 8  # files a task
TASKS_A_WORKER = 4  # under way at any time

Views = dict[str, tuple[str, str]]


def predict_on_cluster(files: Sequence[File], bundle: Bundle, client: "Client") -> Iterator[Prediction]:
    """Yield one prediction a file, in order and without arrays; a file that kills its worker costs itself only.

    Args:
        files: name and path (or contents) of each; the workers see the same paths.
        bundle: the model, in a folder that the workers see.
        client: the Dask client that does the work.
    """
    from distributed import KilledWorker

    listed = known_views(Path(name).stem for name, _ in files)
    environment = as_environment()

    def submit(batch: Sequence[File]) -> tuple[Sequence[File], Any]:
        return batch, client.submit(predict_batch, batch, bundle.folder, listed, environment, pure=False, retries=0)

    limit = TASKS_A_WORKER * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
    batches = deque(files[start : start + BATCH] for start in range(0, len(files), BATCH))
    waiting: deque[tuple[Sequence[File], Any]] = deque()
    while batches or waiting:
        while batches and len(waiting) < limit:
            waiting.append(submit(batches.popleft()))
        batch, future = waiting.popleft()
        try:
            yield from future.result()
        except KilledWorker:
            if len(batch) == 1:
                yield Prediction(batch[0][0], error="The decoder crashed on this file; nothing else was harmed.")
            else:
                waiting.extendleft(submit([file]) for file in reversed(batch))


def predict_batch(
    files: Sequence[File], folder: Path, listed: Views, environment: Mapping[str, str]
) -> list[Prediction]:
    """Predict a few files; runs in a Dask worker, which loads a model once and ends itself at a file that takes too long."""
    apply_environment(environment)
    keep_memory()
    predictor = _predictor(folder)
    found = []
    for name, data in files:
        try:
            with ends_after(settings().decode_seconds):
                upload = read_upload(data, name, predictor.bundle.contract)
        except ImageError as error:
            found.append(Prediction(name, error=str(error)))
        else:
            found.append(answer_to(upload, predictor, listed).without_arrays())
    return found


@lru_cache(maxsize=1)
def _predictor(folder: Path) -> Predictor:
    return Predictor(open_bundle(folder))
