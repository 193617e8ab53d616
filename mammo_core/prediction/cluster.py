"""Many files on Dask: the machine's own cores, or a cluster that sees the same files; the answers are those of the page."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path

from mammo_core.dataset.catalogue import image_name
from mammo_core.dataset.library import known_views
from mammo_core.dataset.worker_pool import WorkerPool
from mammo_core.dicom import installation_secret
from mammo_core.dicom.limits import hard_timeout, tune_malloc
from mammo_core.errors import ImageError
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.prediction.decode import decode_image
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.predict import predict_image
from mammo_core.prediction.predictor import Predictor
from mammo_core.prediction.results import Prediction
from mammo_core.settings import apply_environment, as_environment, settings
from mammo_core.workspace import Workspace

Views = dict[str, tuple[str, str]]
Placed = tuple[int, InputFile]  # a file and its place in the list


def predict_on_cluster(
    files: Sequence[InputFile], bundle: Bundle, pool: WorkerPool
) -> Iterator[tuple[int, Prediction]]:
    """Yield each file's place and prediction, without arrays, in no particular order.

    A file that kills its worker costs itself only.

    Args:
        files: name and path (or contents) of each; the workers see the same paths.
        bundle: the model, in a folder that the workers see.
        pool: the processes that do the work.

    Raises:
        JobError: there are no workers, or they can't import the code.
    """
    workspace = Workspace.from_environment()
    listed = known_views(workspace, [image_name(name) for name, _ in files])
    secret = installation_secret(workspace)
    task = partial(predict_batch, bundle.folder, listed, as_environment(), secret)
    for batch, found in pool.map_batches(task, list(enumerate(files)), lambda: False):
        died = [
            Prediction(name, error="The decoder crashed on this file; nothing else was harmed.")
            for _, (name, _) in batch
        ]
        yield from zip((place for place, _ in batch), found or died, strict=True)


def predict_batch(
    folder: Path, listed: Views, environment: Mapping[str, str], secret: bytes, files: Sequence[Placed]
) -> list[Prediction]:
    """Predict a few files; runs in a Dask worker, which loads a model once and ends itself at a file that takes too long."""
    apply_environment(environment)
    tune_malloc()
    predictor = _predictor(folder)
    found = []
    for _, (name, data) in files:
        try:
            with hard_timeout(settings().decode_seconds):
                upload = decode_image(data, name, predictor.bundle.preprocessing, secret)
        except ImageError as error:
            found.append(Prediction(name, error=str(error)))
        else:
            found.append(predict_image(upload, predictor, listed, secret).without_arrays())
    return found


@lru_cache(maxsize=1)
def _predictor(folder: Path) -> Predictor:
    return Predictor(open_bundle(folder))
