"""What a training run is asked to do: checked before anything starts, stored with the run."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammo_core.errors import ConfigError

MAX_EPOCHS = 20
Network = Literal["compact", "original", "large"]
Imbalance = Literal["oversample", "undersample", "class_weights", "none"]


class TrainingConfig(BaseModel):
    """A training run's parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str = Field(description="name of the prepared store to train on")
    network: Network = Field(
        "compact", description="compact: exact heatmaps; original: the baseline; large: EfficientNetV2-S, wants a GPU"
    )
    epochs: int = Field(12, ge=1, le=MAX_EPOCHS, description="passes over the training part, at most")
    patience: int = Field(5, ge=1, description="epochs without a better validation AUC after which training ends")
    batch_size: int = Field(16, ge=2, le=512, description="images a step")
    learning_rate: float = Field(1e-3, gt=0, le=0.1, description="of Adam at the start; it falls along a cosine")
    imbalance: Imbalance = Field("oversample", description="treatment of the rare positives, in the training part only")
    augment: bool = Field(True, description="flip, shift and vary the contrast of training images")
    seed: int = Field(0, ge=0, lt=2**31, description="of the split, the weights and every draw")
    validation_share: float = Field(
        0.2, gt=0, lt=0.9, description="share of patients for early stopping and calibration"
    )
    test_share: float = Field(0.2, ge=0, lt=0.9, description="share of patients that only the report looks at")
    folds: int | None = Field(None, ge=2, le=20, description="divide the patients into so many folds …")
    fold: int | None = Field(None, ge=1, le=20, description="… and test on this one, in place of the test share")
    start_from: str | None = Field(None, description="a model whose weights to start from; random weights without")
    backbone_weights: str | None = Field(
        None, description="file with weights of Keras' EfficientNetV2S without its top, for the large network"
    )

    @classmethod
    def read(cls, document: dict[str, Any]) -> "TrainingConfig":
        """Check a document.

        Raises:
            ConfigError: a value is unknown, missing or outside its range; the sentence names the first.
        """
        try:
            return cls(**document)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise ConfigError(f"The training setting {name!r} is not usable: {first['msg']}.") from None

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the settings as a JSON document."""
        return self.model_dump()


def quick_start(store: str, start_from: str | None) -> TrainingConfig:
    """Return the one-click preset: about two minutes for 600 images on two cores.

    Args:
        store: the prepared store.
        start_from: a compatible model to continue from, if there is one: a few hundred images teach little from scratch.
    """
    if start_from is None:
        return TrainingConfig(store=store, epochs=12)
    return TrainingConfig(store=store, epochs=8, patience=4, learning_rate=3e-4, start_from=start_from)
