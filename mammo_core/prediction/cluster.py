"""Predict many files on worker processes.

The workers run on this machine's cores, or on a cluster that sees the same files.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from mammo_core.dataset.worker_pool import WorkerPool
from mammo_core.dicom.limits import hard_timeout, tune_malloc
from mammo_core.dicom.pseudonyms import installation_secret
from mammo_core.dicom.sandbox import CRASHED, Sandbox
from mammo_core.documents.progress import Progress, ProgressCallback, ignore_progress, never_stop
from mammo_core.errors import ImageError
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.prediction.decode import decode_image
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.image_results import ImagePrediction, ImageResult, UnreadableImage
from mammo_core.prediction.lookup import KnownViews, complete_labels, known_views
from mammo_core.prediction.predictor import Predictor
from mammo_core.settings import apply_environment, as_environment, settings
from mammo_core.workspace import Workspace

NumberedFile = tuple[int, InputFile]


@dataclass(frozen=True)
class BatchTask:
    """What a worker needs besides the files.

    Attributes:
        model: folder of the model, which the workers see too.
        identity: of the network file, see `Bundle.identity`.
        views: what tables list about images of these names, see `known_views`.
        environment: the settings of the calling process.
        workspace: where each worker reads the installation's secret, which doesn't travel over the network.
    """

    model: Path
    identity: str
    views: KnownViews
    environment: Mapping[str, str]
    workspace: Workspace


class ClusterPredictor:
    """A predictor that distributes files over worker processes.

    See `mammo_core.prediction.predict.predict_exams`.

    Args:
        bundle: the model, in a folder that the workers see.
        pool: the worker processes.
        progress: called after each batch of files.
    """

    def __init__(self, bundle: Bundle, pool: WorkerPool, progress: ProgressCallback = ignore_progress) -> None:
        self.bundle = bundle
        self.pool = pool
        self.progress = progress

    def predict_files(
        self, workspace: Workspace, files: Sequence[InputFile], sandbox: Sandbox
    ) -> Iterator[ImageResult]:
        """Yield one result for each file, in order, without arrays.

        A file that kills its worker affects no other.

        Args:
            workspace: the data sets in which views of files are looked up.
            files: files given by path or contents; the workers see the same paths.
            sandbox: not used, because each worker limits itself.

        Raises:
            JobError: there are no workers, or they can't import the code.
        """
        views = known_views(workspace, (file.name for file in files))
        task = BatchTask(self.bundle.folder, self.bundle.identity, views, as_environment(), workspace)
        results: dict[int, ImageResult] = {}
        for batch, images in self.pool.map_batches(partial(predict_batch, task), list(enumerate(files)), never_stop):
            crashed = [UnreadableImage(file.name, file.key, CRASHED) for _, file in batch]
            results |= zip((index for index, _ in batch), images or crashed, strict=True)
            self.progress(Progress(done=len(results), total=len(files), unit="files"))
        yield from (results[index] for index in sorted(results))


def predict_batch(task: BatchTask, files: Sequence[NumberedFile]) -> list[ImageResult]:
    """Predict a batch in a worker.

    The worker caches its model and exits if a file takes too long.
    """
    apply_environment(task.environment)
    tune_malloc()
    predictor, secret = _predictor(task.model, task.identity), installation_secret(task.workspace)
    return [_predict_file(file, predictor, task.views, secret) for _, file in files]


def _predict_file(
    file: InputFile, predictor: Predictor, views: KnownViews, secret: bytes
) -> ImagePrediction | UnreadableImage:
    try:
        with hard_timeout(settings().decode_seconds):
            decoded = decode_image(file.source, predictor.bundle.preprocessing, secret)
    except ImageError as error:
        return UnreadableImage(file.name, file.key, str(error))
    image = predictor.predict_image(file, complete_labels(decoded, file, views, secret))
    return image.without_arrays() if isinstance(image, ImagePrediction) else image


@lru_cache(maxsize=1)
def _predictor(folder: Path, identity: str) -> Predictor:
    """Load a model, again once its network file has changed."""
    return Predictor(open_bundle(folder))
