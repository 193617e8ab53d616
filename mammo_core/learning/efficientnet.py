"""Build EfficientNet-Lite0 and load its ImageNet weights.

Tan & Le 2019, arXiv:1905.11946. "Lite" is the authors' variant without squeeze-and-excitation and with ReLU6. The weights
and their origin are in models/backbones/efficientnet-lite0; `python -m benchmarks.convert_backbone` made the file.

Layers are named stem_…, block1_… to block16_…, head_…; the last layer of a block is named by `block_output`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo_core.errors import ModelError
from mammo_core.learning._tensorflow import keras, layers
from mammo_core.models.registry import BACKBONES
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.storage.hashing import sha256

WEIGHTS = SHIPPED_MODELS / BACKBONES / "efficientnet-lite0" / "efficientnet-lite0.weights.h5"
WEIGHTS_SHA256 = "6d790124e5c33b9b055568357b629f22340b425c05f08352fa5e833c8c364b2f"
STEM_FILTERS, HEAD_FILTERS, CLASSES = 32, 1280, 1000
EPSILON = 1e-3  # of batch normalisation


@dataclass(frozen=True)
class Stage:
    """Describe blocks of one kind.

    They differ only in that the first one may change the size and the number of channels.

    Attributes:
        expand: factor by which a block widens its input before the depthwise convolution.
        filters: channels of a block's output.
        repeats: number of blocks.
        kernel: side of the depthwise convolution in cells.
        stride: of the first block; the others have 1.
    """

    expand: int
    filters: int
    repeats: int
    kernel: int
    stride: int


STAGES = (
    Stage(1, 16, 1, 3, 1),  # block 1, at half the rows and columns of the image
    Stage(6, 24, 2, 3, 2),  # blocks 2 and 3, at 1/4
    Stage(6, 40, 2, 5, 2),  # blocks 4 and 5, at 1/8
    Stage(6, 80, 3, 3, 2),  # blocks 6 to 8, at 1/16
    Stage(6, 112, 3, 5, 1),  # blocks 9 to 11
    Stage(6, 192, 4, 5, 2),  # blocks 12 to 15, at 1/32
    Stage(6, 320, 1, 3, 1),  # block 16
)
BLOCKS = sum(stage.repeats for stage in STAGES)


@keras.saving.register_keras_serializable(package="mammo")
class FixedBatchNormalization(layers.BatchNormalization):
    """Normalise by the loaded statistics, also while the network is trained.

    The batches of a fine-tuning are too small and too unlike ImageNet to measure the statistics anew. Keras passes the
    training mode of a model on to its layers even where the layer was called with `training=False`, so only a layer of
    our own is safe. Scale and offset are trained if the layer is trainable.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:  # noqa: D102
        return super().call(inputs, training=False, mask=mask)


def efficientnet_lite0(image: Any) -> keras.Model:
    """Build the classifier of ImageNet's classes, with random weights.

    Args:
        image: Keras input (n, rows, columns, 1 or 3) in [0, 1], grey or RGB; rows and columns are multiples of 32.

    Returns:
        image → probabilities (n, 1000).
    """
    x = layers.Rescaling(255 / 128, offset=-127 / 128, name="normalised")(image)
    if image.shape[-1] == 1:
        x = layers.Concatenate(name="grey_as_rgb")([x, x, x])
    x = layers.Conv2D(STEM_FILTERS, 3, strides=2, padding="same", use_bias=False, name="stem_conv")(x)
    x = _normalise(x, "stem", activate=True)
    number = 0
    for stage in STAGES:
        for repeat in range(stage.repeats):
            number += 1
            x = _block(x, f"block{number}", stage, stride=1 if repeat else stage.stride)
    x = layers.Conv2D(HEAD_FILTERS, 1, use_bias=False, name="head_conv")(x)
    x = _normalise(x, "head", activate=True)
    x = layers.GlobalAveragePooling2D(name="head_mean")(x)
    x = layers.Dense(CLASSES, activation="softmax", name="head_classes")(x)
    return keras.Model(image, x, name="efficientnet_lite0")


def _block(x: Any, name: str, stage: Stage, stride: int) -> Any:
    """Widen, filter each channel on its own, and project.

    There is a shortcut where the shape stays the same.
    """
    shortcut, channels = x, x.shape[-1]
    if stage.expand > 1:
        x = layers.Conv2D(stage.expand * channels, 1, use_bias=False, name=f"{name}_expand")(x)
        x = _normalise(x, f"{name}_expand", activate=True)
    x = layers.DepthwiseConv2D(stage.kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_depthwise")(
        x
    )
    x = _normalise(x, f"{name}_depthwise", activate=True)
    x = layers.Conv2D(stage.filters, 1, use_bias=False, name=f"{name}_project")(x)
    x = _normalise(x, f"{name}_project", activate=False)
    return layers.Add(name=f"{name}_add")([x, shortcut]) if stride == 1 and channels == stage.filters else x


def _normalise(x: Any, name: str, activate: bool) -> Any:
    x = FixedBatchNormalization(epsilon=EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu6")(x) if activate else x


def block_output(model: keras.Model, block: int) -> Any:
    """Return the output of a block, numbered from 1, as a Keras tensor."""
    return [layer for layer in model.layers if block_number(layer) == block][-1].output


def block_number(layer: keras.layers.Layer) -> int:
    """Return the number of the block that a layer belongs to.

    It is 0 for the layers below the first block, and `BLOCKS` + 1 for those above the last.
    """
    part = layer.name.partition("_")[0]
    if part == "head":
        return BLOCKS + 1
    return int(part.removeprefix("block")) if part.startswith("block") else 0


def load_imagenet_weights(model: keras.Model, path: Path = WEIGHTS) -> None:
    """Load the shipped ImageNet weights into the classifier.

    Args:
        model: made by `efficientnet_lite0`.
        path: the weights file.

    Raises:
        ModelError: the file is missing, was changed or doesn't fit.
    """
    if not path.is_file():
        raise ModelError(f"The ImageNet weights, {path.name}, are missing. Install the application anew.")
    if sha256(path) != WEIGHTS_SHA256:
        raise ModelError(f"The ImageNet weights, {path.name}, were changed or cut off. Install the application anew.")
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"The ImageNet weights, {path.name}, don't fit the network {model.name} ({type(error).__name__})."
        ) from None
