"""Predict files as exams.

The pages, the command line and the cluster all call the same function.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Protocol

from mammo_core.dicom.sandbox import Sandbox
from mammo_core.documents.progress import Progress, ProgressCallback, ignore_progress
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import (
    Correction,
    apply_corrections,
    complete_issuers,
    join_by_folder,
    join_single_image_studies,
    join_spellings,
    leave_out_substitutes,
    mark_duplicates,
)
from mammo_core.prediction.files import InputFile, OpenedFiles, open_archives
from mammo_core.prediction.image_results import ImagePrediction, ImageResult, UnreadableImage
from mammo_core.prediction.predictor import Predictor
from mammo_core.prediction.summarise import summarise
from mammo_core.workspace import Workspace


class FilePredictor(Protocol):
    """Predicts files: a `Predictor`, or what hands the files to one.

    `BatchPredictor` keeps no arrays, `ReportingPredictor` shows the results so far, `CataloguePredictor` reads a data set's
    own files, and `ClusterPredictor` has Dask workers predict.
    """

    bundle: Bundle

    def predict_files(
        self, workspace: Workspace, files: Sequence[InputFile], sandbox: Sandbox
    ) -> Iterator[ImageResult]:
        """Yield one result per file, in order; see `Predictor.predict_files`."""
        ...


class BatchPredictor:
    """A predictor for thousands of files in this process.

    It reports progress and keeps no large arrays.

    Args:
        predictor: the loaded network.
        progress: called after each file.
    """

    def __init__(self, predictor: Predictor, progress: ProgressCallback = ignore_progress) -> None:
        self.bundle = predictor.bundle
        self.predictor = predictor
        self.progress = progress

    def predict_files(
        self, workspace: Workspace, files: Sequence[InputFile], sandbox: Sandbox
    ) -> Iterator[ImageResult]:
        """Yield one result per file, in order, without arrays."""
        for done, image in enumerate(self.predictor.predict_files(workspace, files, sandbox), 1):
            self.progress(Progress(done=done, total=len(files), unit="files"))
            yield image.without_arrays() if isinstance(image, ImagePrediction) else image


class ReportingPredictor:
    """A predictor that hands on the results so far, while the others are computed.

    Args:
        predictor: the loaded network.
        receive: called after each file with the results so far and the number of all files.
    """

    def __init__(self, predictor: Predictor, receive: Callable[[Sequence[ImageResult], int], None]) -> None:
        self.bundle = predictor.bundle
        self.predictor = predictor
        self.receive = receive

    def predict_files(
        self, workspace: Workspace, files: Sequence[InputFile], sandbox: Sandbox
    ) -> Iterator[ImageResult]:
        """Yield one result per file, in order."""
        results: list[ImageResult] = []
        for image in self.predictor.predict_files(workspace, files, sandbox):
            results.append(image)
            self.receive(results, len(files))
            yield image


class PredictionCache:
    """One user's opened archives and image results, so that no file is read twice.

    Args:
        capacity: how many results of files that are no longer requested are kept, the latest first.
    """

    def __init__(self, capacity: int = 0) -> None:
        self.capacity = capacity
        self.archives: dict[str, OpenedFiles] = {}  # by the archive's key
        self.images: dict[str, ImageResult] = {}  # by model and the file's key

    def drop_archives(self, requested: Set[str]) -> None:
        """Forget all archives but the requested ones, by key."""
        for key in self.archives.keys() - requested:
            del self.archives[key]

    def keep_latest(self, requested: Iterable[str]) -> None:
        """Forget all but the requested results and the latest `capacity` of the others.

        The requested ones become the latest.
        """
        latest = {key: self.images.pop(key) for key in dict.fromkeys(requested)}
        for key in list(self.images)[: max(0, len(self.images) - self.capacity)]:
            del self.images[key]
        self.images.update(latest)


def predict_exams(
    workspace: Workspace,
    files: Sequence[InputFile],
    predictor: FilePredictor,
    sandbox: Sandbox,
    *,
    corrections: Mapping[str, Correction] | None = None,
    cache: PredictionCache | None = None,
) -> ExamReport:
    """Predict files and combine the results into exams.

    Archives are opened and their images decoded and predicted; then duplicates are marked, corrections applied, and
    images combined into exams, and in each into breasts and patients.

    Args:
        workspace: the data sets in which views of files are looked up.
        files: DICOM files and zip archives.
        predictor: the model.
        sandbox: reads archives and files.
        corrections: patient, laterality and view that the user sets, by the digest of the image.
        cache: the user's earlier results; new results are added, and those of other files dropped.

    Returns:
        One result for each file, beginning with unreadable archives, and the combined results of breasts and patients.
    """
    cache = PredictionCache() if cache is None else cache
    opened = open_archives(files, sandbox, cache.archives)
    images: list[ImageResult] = [UnreadableImage(note.file, note.file, note.text) for note in opened.unreadable]
    images += _predict_new(workspace, opened.files, predictor, sandbox, cache)
    cache.drop_archives({file.key for file in files})
    report = combine_results(images, predictor.bundle, corrections)
    return replace(report, notes=opened.incomplete, sources={file.key: file.source for file in opened.files})


def combine_results(
    images: Sequence[ImageResult], bundle: Bundle, corrections: Mapping[str, Correction] | None = None
) -> ExamReport:
    """Mark duplicates, apply corrections, and combine image results into exams.

    The arguments are those of `predict_exams`; the report has neither notes nor sources.
    """
    identified = join_spellings(complete_issuers(images))
    corrected = apply_corrections(mark_duplicates(identified), corrections or {})
    return summarise(_form_exams(corrected), bundle)


def _form_exams(images: Sequence[ImageResult]) -> list[ImageResult]:
    """Join the images of an exam, and leave out what stands for another image in it."""
    return leave_out_substitutes(join_single_image_studies(join_by_folder(images)))


def _predict_new(
    workspace: Workspace,
    files: Sequence[InputFile],
    predictor: FilePredictor,
    sandbox: Sandbox,
    cache: PredictionCache,
) -> list[ImageResult]:
    """Predict the files that aren't in the cache yet.

    Returns:
        One result for each file, in order, from the cache or new.
    """
    keys = [f"{predictor.bundle.identity} {file.key}" for file in files]
    new = {key: file for key, file in zip(keys, files, strict=True) if key not in cache.images}
    for key, image in zip(new, predictor.predict_files(workspace, list(new.values()), sandbox), strict=True):
        cache.images[key] = image
    cache.keep_latest(keys)
    return [cache.images[key] for key in keys]
