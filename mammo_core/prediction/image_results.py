"""The result of each file: a prediction, or why it has none."""

from dataclasses import dataclass, replace

import numpy as np

from mammo_core.evaluation.localisation import cam_outside_breast
from mammo_core.prediction.decode import DecodedImage
from mammo_core.preprocess.geometry import to_source

UNKNOWN = "unknown"
NO_IDENTITY = (
    "The file names neither patient nor study, so nothing tells whose breast it shows: it is not counted. Set the patient in "
    "the table of files, or put the files of each person into a folder of their own."
)
ONLY_SYNTHETIC = "this model has only seen synthetic images"
UNLIKE = "an image is unlike the training images"
ExamKey = tuple[str, str | None]  # patient, or UNKNOWN, and exam


@dataclass(frozen=True)
class ImagePrediction:
    """The prediction for one readable image.

    Attributes:
        file: name of the file.
        key: key of the file, see `InputFile.key`.
        decoded: the file's contents.
        probability: calibrated probability of the positive class, in [0, 1].
        ood_score: distance from the training images; above 1 the image is out of distribution.
        cam: class activation map, float32 (h, w) in [0, 1]: what each position of the model input adds to the positive
            logit, where 1 is the maximum of a typical positive validation image; None if the network has no such map.
        beyond_model: whether the model was trained on synthetic images only, and this is none.
    """

    file: str
    key: str
    decoded: DecodedImage
    probability: float
    ood_score: float
    cam: np.ndarray | None
    beyond_model: bool = False

    @property
    def no_decision(self) -> str | None:
        """Why nothing can be decided from the probability, as a clause, or None."""
        if self.beyond_model:
            return ONLY_SYNTHETIC
        return UNLIKE if self.out_of_distribution else None

    @property
    def out_of_distribution(self) -> bool:
        """Whether the image is unlike the training images.

        Its probability then has no basis.
        """
        return self.ood_score > 1

    @property
    def exam_key(self) -> ExamKey:
        """Patient and exam to which the image belongs."""
        return self.decoded.patient or UNKNOWN, self.decoded.exam

    @property
    def not_counted(self) -> str | None:
        """Why the image counts for no breast, in one sentence; None if it counts."""
        if self.decoded.special_kind:
            return self._special
        if self.decoded.patient is None and self.decoded.exam is None:
            return NO_IDENTITY
        return None if self.decoded.laterality else "The side is unknown, so the image belongs to no breast."

    @property
    def picture(self) -> np.ndarray:
        """The image for display, uint8 (rows, columns)."""
        return self.decoded.picture

    @property
    def source_shape(self) -> tuple[int, int]:
        """Rows and columns of the source, in pixels."""
        return self.decoded.geometry.source_rows, self.decoded.geometry.source_columns

    @property
    def chest_left(self) -> bool:
        """Whether the chest wall lies at the left edge of the picture."""
        return not self.decoded.geometry.flipped

    @property
    def model_input(self) -> np.ndarray:
        """What the network read, uint8 (rows, columns)."""
        return self.decoded.model_input

    @property
    def tags(self) -> dict[str, str]:
        """Technical header values on the allow-list."""
        return self.decoded.tags

    @property
    def details(self) -> tuple[str, ...]:
        """Sentences about the prediction and about what was unusual in reading."""
        outside = self.cam_outside_breast()
        heatmap = () if outside is None else (f"Heatmap outside the breast: {100 * outside:.0f} %",)
        difference = f"Difference from training images: {self.ood_score:.2f} (limit 1.0)"
        foreign = (f"No decision: {ONLY_SYNTHETIC}.",) if self.beyond_model else ()
        return (*foreign, *heatmap, difference, *filter(None, [self._special]), *self.decoded.notes)

    @property
    def _special(self) -> str:
        kind = self.decoded.special_kind
        return f"This is {kind}: it is shown and not counted." if kind else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Why the image isn't counted, and what was unusual in reading it."""
        return (*filter(None, [self.not_counted]), *self.decoded.notes)

    def without_arrays(self) -> "ImagePrediction":
        """Return the prediction without its large arrays.

        Thousands of such predictions fit into memory.
        """
        empty = np.empty((0, 0), np.uint8)
        return replace(self, decoded=replace(self.decoded, picture=empty, model_input=empty), cam=None)

    def with_labels(self, patient: str | None, laterality: str | None, view: str | None) -> "ImagePrediction":
        """Return the prediction with another patient, laterality and view."""
        return replace(self, decoded=replace(self.decoded, patient=patient, laterality=laterality, view=view))

    def with_picture(self, picture: np.ndarray) -> "ImagePrediction":
        """Return the prediction with another picture of the same frame.

        The picture is uint8 (rows, columns), at any resolution.
        """
        return replace(self, decoded=replace(self.decoded, picture=picture))

    def heatmap(self, rows: int, columns: int) -> np.ndarray | None:
        """Return the class activation map, enlarged to a picture of the source.

        Args:
            rows: of the picture.
            columns: of the picture.

        Returns:
            float32 (rows, columns) in [0, 1]; None without a map.
        """
        return None if self.cam is None else to_source(self.cam, self.decoded.geometry, rows, columns)

    def cam_outside_breast(self) -> float | None:
        """Return the share of the heatmap that lies outside the breast.

        Returns:
            In [0, 1]; None without a map.
        """
        if self.cam is None:
            return None
        return cam_outside_breast(self.cam, self.decoded.model_input > 0)


@dataclass(frozen=True)
class UnreadableImage:
    """A file that can't be read as a mammogram.

    Attributes:
        file: name of the file.
        key: key of the file.
        error: what is wrong with it, in one sentence.
    """

    file: str
    key: str
    error: str


@dataclass(frozen=True)
class DuplicateImage:
    """A file that repeats the image of another file and isn't counted.

    Attributes:
        file: name of the file.
        key: key of the file.
        original: number of the first file with this image, counted from 1.
    """

    file: str
    key: str
    original: int

    @property
    def error(self) -> str:
        """Why the file has no prediction of its own, in one sentence."""
        return f"This is the same image as file {self.original}; it counts once."


ImageResult = ImagePrediction | UnreadableImage | DuplicateImage
