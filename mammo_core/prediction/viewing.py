"""Show the exams of a data set.

Read a patient's images, and hang them with a model's predictions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from mammo_core.dicom.display import display
from mammo_core.dicom.header import Source
from mammo_core.dicom.read import read
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.dicom.special_images import special_view
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ImageError
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.examples import Example
from mammo_core.prediction.exams import SIDES, STANDARD_VIEWS, Row, hang_images
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.image_results import ImagePrediction, ImageResult, UnreadableImage
from mammo_core.prediction.predictor import Predictor
from mammo_core.preprocess.prepare import DECODER_STEP, prepare_source
from mammo_core.storage.hashing import file_version
from mammo_core.storage.path_text import text_path
from mammo_core.workspace import Workspace

DISPLAY_SIDE = 512  # pixels: a picture is read so that its longer side has at least twice as many


@dataclass(frozen=True)
class ViewSettings:
    """How the images of an exam are shown.

    Attributes:
        percentiles: of the values above the lowest, those that become black and white; None takes the file's window.
        grey_levels: of the 256 grey levels of the windowed picture, those that become black and white.
        opacity: of the heatmap, in [0, 1].
        width: of an image, in pixels of the page.
        inputs: whether the network input is shown beside each image.
    """

    percentiles: tuple[float, float] | None = None
    grey_levels: tuple[int, int] = (0, 255)
    opacity: float = 0.6
    width: int = 280
    inputs: bool = False


class ImageContent(Protocol):
    """What can be shown of an image.

    `ImagePrediction` has a prediction, `ViewedImage` has none.
    """

    @property
    def picture(self) -> np.ndarray:
        """The image, windowed for display, uint8 (rows, columns).

        It shows the full source frame, perhaps at reduced resolution.
        """

    @property
    def source_shape(self) -> tuple[int, int]:
        """Rows and columns of the source, in pixels."""

    @property
    def chest_left(self) -> bool | None:
        """Whether the chest wall lies at the left edge; None where unknown."""

    @property
    def model_input(self) -> np.ndarray | None:
        """What the network reads, uint8 (rows, columns).

        None where it wasn't prepared or can't be.
        """

    @property
    def tags(self) -> dict[str, str]:
        """Technical header values on the allow-list."""

    @property
    def details(self) -> tuple[str, ...]:
        """Sentences about the prediction and about what was unusual in reading."""

    def heatmap(self, rows: int, columns: int) -> np.ndarray | None:
        """Return the heatmap, float (rows, columns) in [0, 1]; None without one."""


@dataclass(frozen=True)
class ViewedImage:
    """One image read for display, without a prediction.

    Attributes (see `ImageContent` for the others):
        problem: why the model input can't be prepared, in one sentence; empty otherwise.
        special_kind: what the image is if it doesn't count for its breast, such as "a magnified view"; None if it does.
    """

    picture: np.ndarray
    source_shape: tuple[int, int]
    chest_left: bool | None
    model_input: np.ndarray | None
    problem: str
    tags: dict[str, str]
    details: tuple[str, ...]
    special_kind: str | None = None

    def heatmap(self, rows: int, columns: int) -> None:
        """Return None, because an image without a prediction has no heatmap."""


@dataclass(frozen=True)
class HungImage:
    """One image of an exam, with all that a page shows of it.

    Attributes:
        name: laterality and view, such as "R CC".
        label: what identifies the image to the user: its file name, or its image_id.
        key: differs from the keys of the page's other images.
        source: the file.
        laterality: the side on which the image hangs; None where unknown.
        content: the prediction, or the image without one.
        cancer: whether the data set labels the image as positive; None without a label.
        lesions: boxes to outline (malignant, and top, left, bottom, right in source pixels), or None.
        special_kind: what the image is if it doesn't count for its breast, such as "a magnified view"; None if it does.
    """

    name: str
    label: str
    key: str
    source: Source
    laterality: str | None
    content: ImagePrediction | ViewedImage
    cancer: bool | None = None
    lesions: pd.DataFrame | None = None
    special_kind: str | None = None

    @property
    def prediction(self) -> ImagePrediction | None:
        """The prediction, if there is one."""
        return self.content if isinstance(self.content, ImagePrediction) else None

    @property
    def problem(self) -> str:
        """Why the network can't read the image, in one sentence; empty if it can."""
        return self.content.problem if isinstance(self.content, ViewedImage) else ""


NO_SIDE = "an image of an unknown side"

HungRow = tuple[HungImage | UnreadableImage | None, HungImage | UnreadableImage | None]
# Reads a file for display, and prepares the model input if the flag is set.
ReadView = Callable[[Path, bool], ViewedImage]


def read_view(
    file: Path, preprocessing: PreprocessingConfig | None, percentiles: tuple[float, float] | None
) -> ViewedImage:
    """Read one image for display and prepare its model input.

    The model input is prepared as for import and prediction. This runs in a sandboxed worker.

    Args:
        file: the DICOM file.
        preprocessing: the configuration of the model input; None for no model input.
        percentiles: of the values above the lowest, those that become black and white; None takes the file's window.

    Raises:
        ImageError: the file can't become a mammogram.
    """
    mammogram = read(file, DISPLAY_SIDE, max_step=DECODER_STEP, only_shown=True)
    prepared, problem = None, ""
    if preprocessing is not None:
        try:
            prepared = prepare_source(file, preprocessing)
        except ImageError as error:
            problem = " ".join(mammogram.notes) if error.reason == "too_large" else str(error)
    return ViewedImage(
        picture=display(mammogram, levels=percentiles),
        source_shape=(mammogram.source_rows, mammogram.source_columns),
        chest_left=None if prepared is None else not prepared.geometry.flipped,
        model_input=None if prepared is None else prepared.image,
        problem=problem,
        tags=mammogram.tags,
        details=mammogram.notes,
        special_kind=mammogram.special_kind,
    )


def input_files(images: pd.DataFrame) -> list[InputFile]:
    """Return the files of a patient's images as input for a prediction.

    Images without a file are left out.

    Args:
        images: the patient's rows of a catalogue.
    """
    files = images["file"].dropna()
    return [InputFile(str(file), text_path(file), f"{file} {file_version(text_path(file))}") for file in files]


class CataloguePredictor:
    """A predictor for the `input_files` of a data set.

    It looks up no views, because the catalogue's row states them, and keeps no pictures, because `hang_catalogue_exam`
    takes those that are read for display.

    Args:
        predictor: the loaded network.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.bundle = predictor.bundle
        self.predictor = predictor

    def predict_files(
        self, workspace: Workspace, files: Sequence[InputFile], sandbox: Sandbox
    ) -> Iterator[ImageResult]:
        """Yield one result for each file, in order, without pictures."""
        empty = np.empty((0, 0), np.uint8)
        for image in self.predictor.predict_files(workspace, files, sandbox, views={}):
            yield image.with_picture(empty) if isinstance(image, ImagePrediction) else image


def hang_catalogue_exam(
    images: pd.DataFrame, read_view_of: ReadView, report: ExamReport | None = None, lesions: pd.DataFrame | None = None
) -> list[HungRow]:
    """Read a patient's images and hang them, with their predictions if there are any.

    Args:
        images: the patient's rows of a catalogue; their laterality and view decide how they hang.
        read_view_of: reads a file for display.
        report: predictions of the `input_files`, or None.
        lesions: of the data set, to be outlined, or None.
    """
    predictions = by_source(report) if report else {}

    def hung(row: pd.Series | None) -> HungImage | UnreadableImage | None:
        return None if row is None else _hang_image(row, read_view_of, predictions, lesions)

    rows = hang_images((row for _, row in images.iterrows()), lambda row: (row["laterality"], row["view"]))
    return [(hung(right), hung(left)) for right, left in rows]


def hang_catalogue_predictions(
    images: pd.DataFrame, predictions: Mapping[Source, ImagePrediction | UnreadableImage]
) -> list[HungImage]:
    """Return a patient's predicted images in the order in which they hang.

    No file is read.

    Args:
        images: the patient's rows of a catalogue; their laterality and view decide how they hang.
        predictions: of the `input_files`, see `by_source`.
    """
    hung = hang_images((row for _, row in images.iterrows()), lambda row: (row["laterality"], row["view"]))
    rows = [row for pair in hung for row in pair if row is not None and pd.notna(row["file"])]
    predicted = [(row, text_path(row["file"]), predictions.get(text_path(row["file"]))) for row in rows]
    return [
        _hang_prediction(row, file, prediction)
        for row, file, prediction in predicted
        if isinstance(prediction, ImagePrediction)
    ]


def _hang_prediction(row: pd.Series, file: Path, prediction: ImagePrediction) -> HungImage:
    laterality = None if pd.isna(row["laterality"]) else str(row["laterality"])
    return HungImage(
        name=f"{laterality or '?'} {row['view']}",
        label=f"image {row['image_id']}",
        key=str(row["image_id"]),
        source=file,
        laterality=laterality,
        content=prediction,
    )


def by_source(report: ExamReport) -> dict[Source, ImagePrediction | UnreadableImage]:
    """Return the results of a report by their files.

    A repeated file has the result of the first.
    """
    return {report.sources[image.key]: report.original(image) for image in report.images}


def _hang_image(
    row: pd.Series,
    read_view_of: ReadView,
    predictions: Mapping[Source, ImagePrediction | UnreadableImage],
    lesions: pd.DataFrame | None,
) -> HungImage | UnreadableImage:
    """Read one image of a catalogue for display.

    An image that can't be read becomes an `UnreadableImage`.
    """
    laterality = None if pd.isna(row["laterality"]) else str(row["laterality"])
    image_id, name = str(row["image_id"]), f"{laterality or '?'} {row['view']}"
    if pd.isna(row["file"]):
        return UnreadableImage(f"{name} · image {image_id}", image_id, "File missing.")
    source = text_path(row["file"])
    prediction = predictions.get(source)
    try:
        view = read_view_of(source, not isinstance(prediction, ImagePrediction))
    except ImageError as error:
        return UnreadableImage(f"{name} · image {image_id}", image_id, str(error))
    content: ImagePrediction | ViewedImage = view
    if isinstance(prediction, ImagePrediction):
        content = prediction.with_picture(view.picture)
    elif prediction is not None:
        content = replace(view, problem=prediction.error)
    return HungImage(
        name=name,
        label=f"image {image_id}",
        key=image_id,
        source=source,
        laterality=laterality,
        content=content,
        cancer=bool(row["cancer"] == 1) if pd.notna(row["cancer"]) else None,
        lesions=None if lesions is None else lesions[lesions["image_id"] == row["image_id"]],
        special_kind=view.special_kind or special_view(str(row["view"])) or (None if laterality else NO_SIDE),
    )


def hang_predictions(rows: Sequence[Row], report: ExamReport, example: Example | None = None) -> list[HungRow]:
    """Return an exam of predicted files with all that a page shows of each image.

    Args:
        rows: of one exam, see `mammo_core.prediction.exams.hang_exams`.
        report: what they are part of.
        example: labels and lesions to show, of the example that was predicted.
    """

    def hung(image: ImagePrediction | None) -> HungImage | None:
        if image is None:
            return None
        decoded = image.decoded
        return HungImage(
            name=f"{decoded.laterality or '?'} {decoded.view_name or '?'}",
            label=image.file,
            key=decoded.digest,
            source=report.sources[image.key],
            laterality=decoded.laterality,
            content=image,
            cancer=example.cancer.get(decoded.laterality) if example and decoded.laterality else None,
            lesions=example.lesions.get(image.key) if example else None,
            special_kind=decoded.special_kind,
        )

    return [(hung(right), hung(left)) for right, left in rows]


def missing_partner(image: HungImage) -> str | None:
    """Return the name of the view that is missing opposite an image.

    Such as "L CC"; None opposite to an image that needs no partner: of an unknown side, of another view, or not counted.
    """
    side, _, view = image.name.partition(" ")
    if image.special_kind or side not in SIDES or view not in STANDARD_VIEWS:
        return None
    return f"{'L' if side == 'R' else 'R'} {view}"


def beyond_model(rows: Sequence[HungRow]) -> bool:
    """Return whether the model knows only synthetic images and an image is none."""
    images = [image for row in rows for image in row if isinstance(image, HungImage)]
    return any(image.prediction is not None and image.prediction.beyond_model for image in images)


def out_of_distribution(rows: Sequence[HungRow]) -> bool:
    """Return whether any image of an exam is unlike the training images."""
    images = [image for row in rows for image in row if isinstance(image, HungImage)]
    return any(image.prediction is not None and image.prediction.out_of_distribution for image in images)
