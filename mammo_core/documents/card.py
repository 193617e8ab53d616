"""The model card: origin, metrics, operating point and file hashes of a model."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from mammo_core.documents.base import Document, FileDocument
from mammo_core.documents.dataset import GeneratorSettings
from mammo_core.documents.operating_point import OperatingPoint
from mammo_core.documents.report import EvaluatedPart, FiguresOfMerit
from mammo_core.documents.training_config import Network, TrainingConfig
from mammo_core.documents.units import Unit

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class PartCounts(Document):
    """The size of one part of the split.

    Attributes:
        images: number of images in the part.
        patients: number of patients in the part.
        positive_images: number of images with cancer.
        positive_patients: number of patients with cancer.
    """

    images: int
    patients: int
    positive_images: int
    positive_patients: int


class DataProvenance(Document):
    """The data that a model was trained on.

    Attributes:
        store: name of the prepared store.
        dataset: name of the data set that the store was made from.
        synthetic: whether this application generated the images.
        generator: the parameters of the phantoms; None for other images.
        parts: counts by part of the split: "train", "validation", "test".
    """

    store: str
    dataset: str
    synthetic: bool
    generator: GeneratorSettings | None
    parts: dict[str, PartCounts]


class MetricsSummary(FiguresOfMerit):
    """The main metrics of a model's report.

    Attributes:
        part: the part of the split that was evaluated.
        unit: what is counted.
    """

    part: EvaluatedPart
    unit: Unit


class CalibrationRecord(Document):
    """The logistic curve that turns the network's output into a probability.

    Attributes:
        method: how the curve was fitted.
        slope: factor of the logit, see `mammo_core.evaluation.calibration`.
        intercept: added to the scaled logit.
    """

    method: str
    slope: float = Field(gt=0)
    intercept: float


class ModelCard(FileDocument):
    """The file card.json of a model folder.

    Attributes:
        schema_version: of this document.
        name: the model's name.
        created: when training ended.
        network: the architecture.
        weights: number of the network's weights.
        best_epoch: the epoch with the best validation AUC, counted from 1. The weights are from it, unless the network
            was trained once more.
        config: the training configuration.
        data: what the model was trained on.
        preprocessing_identity: hash of the preprocessing configuration, 16 hex digits.
        metrics: the main metrics of its report.
        calibration: from the network's output to a probability.
        cam_scale: class activation in logits that heatmaps draw at full intensity; None for a network without heatmaps.
        operating_point: when a breast is recalled.
        limits: sentences on what the model must not be used for; the first is the most important.
        class_names: of the network's two outputs.
        made_by: the command that makes the model again, for the shipped model.
        files: SHA-256 of the model's other files, by name.
    """

    file_name: ClassVar = "card.json"
    schema_version: Literal[3] = 3
    name: str
    created: AwareDatetime
    network: Network
    weights: int
    best_epoch: int
    config: TrainingConfig
    data: DataProvenance
    preprocessing_identity: str
    metrics: MetricsSummary
    calibration: CalibrationRecord
    cam_scale: float | None
    operating_point: OperatingPoint
    limits: tuple[str, ...]
    class_names: tuple[Literal["negative"], Literal["positive"]] = ("negative", "positive")
    made_by: str | None = None
    files: dict[str, Sha256] = Field(default_factory=dict)
