"""The settings of a training run."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, JsonValue, ValidationError

from mammo_core.documents.base import Document, FileDocument
from mammo_core.errors import ConfigError

MAX_EPOCHS = 20
BLOCKS = 16  # of EfficientNet-Lite0, the pretrained network's body
IMAGENET = "imagenet"  # as backbone weights: those that Keras downloads, in place of a file
Network = Literal["compact", "pretrained", "original", "large"]
Imbalance = Literal["oversample", "undersample", "class_weights", "none"]


class TrainingConfig(Document):
    """The settings of a training run, also kept in the model's card."""

    store: str = Field(description="name of the prepared store to train on")
    network: Network = Field(
        "compact",
        description="pretrained: ImageNet features, exact heatmaps; the normal choice; compact: small and fast, exact "
        "heatmaps; original: the baseline; large: EfficientNetV2-S, needs a GPU",
    )
    epochs: int = Field(12, ge=1, le=MAX_EPOCHS, description="passes over the training part, at most")
    patience: int = Field(5, ge=1, description="epochs without a better validation AUC after which training ends")
    batch_size: int = Field(16, ge=2, le=512, description="images per step")
    learning_rate: float = Field(1e-3, gt=0, le=0.1, description="of Adam at the start; it falls along a cosine")
    imbalance: Imbalance = Field("oversample", description="treatment of the rare positives, in the training part only")
    augment: bool = Field(True, description="flip, shift and vary the contrast of training images")
    randomise_domain: bool = Field(
        False, description="vary contrast, sharpness, resolution and noise far more; for training on synthetic images"
    )
    lesion_weight: float = Field(
        2.0, ge=0, le=100, description="weight of the loss on the lesion map, where a store has lesions; 0: none"
    )
    lesion_map_only: bool = Field(
        False,
        description="let a pretrained network classify by its lesion map alone; for training on synthetic images, whose "
        "texture isn't that of real ones",
    )
    head_epochs: int | None = Field(
        None,
        ge=0,
        le=MAX_EPOCHS,
        description="first epochs of a pretrained network, which train its head only; null: half",
    )
    fine_tuned_blocks: int = Field(
        6, ge=0, le=BLOCKS, description="upper blocks of a pretrained network that the epochs after these train, too"
    )
    fine_tuning_rate: float = Field(1e-4, gt=0, le=0.1, description="learning rate of Adam in these epochs")
    refit: bool = Field(
        False,
        description="train the network once more at the end, on training and validation patients",
    )
    seed: int = Field(0, ge=0, lt=2**31, description="of the split, the weights and every draw")
    validation_share: float = Field(
        0.2, gt=0, lt=0.9, description="share of patients for early stopping and calibration"
    )
    test_share: float = Field(0.2, ge=0, lt=0.9, description="share of patients that only the report uses")
    folds: int | None = Field(None, ge=2, le=20, description="number of patient folds; null for a single split")
    fold: int | None = Field(None, ge=1, le=20, description="the fold to test on, from 1; requires folds")
    start_from: str | None = Field(
        None,
        description="a model whose weights to start from; if there is none, random weights, or in the pretrained network "
        "those of ImageNet",
    )
    backbone_weights: str | None = Field(
        None,
        description="for the large network: file with weights of Keras' EfficientNetV2S without its top, or imagenet, "
        "which downloads them",
    )

    @classmethod
    def from_settings(cls, settings: Mapping[str, JsonValue]) -> "TrainingConfig":
        """Check settings that a user gave.

        Raises:
            ConfigError: a value is unknown, missing or outside its range; the message names the first.
        """
        try:
            return cls.model_validate(settings)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise ConfigError(f"The training setting {name!r} is not usable: {first['msg']}.") from None


class RunConfig(TrainingConfig, FileDocument):
    """The training configuration with which a run was started.

    This is config.json in the run's folder.
    """

    file_name: ClassVar = "config.json"
    schema_version: Literal[1] = 1  # missing in files of earlier versions

    @classmethod
    def of(cls, config: TrainingConfig) -> "RunConfig":
        """Return the file's contents for a training configuration."""
        return cls.model_validate(config.to_json())
