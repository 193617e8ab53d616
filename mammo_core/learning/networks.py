"""Build the networks: compact, pretrained, original and large.

All end in a softmax over (negative, positive) and are trained with categorical cross-entropy.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.documents.preprocessing_config import Size, check_size, rows_and_columns
from mammo_core.documents.training_config import IMAGENET
from mammo_core.errors import ConfigError, ModelError
from mammo_core.learning._tensorflow import keras, layers
from mammo_core.learning.efficientnet import block_number, block_output, efficientnet_lite0, load_imagenet_weights
from mammo_core.learning.grids import BODY_STEP, COARSE_STEP, FINE_STEP, BreastShare, OneGrid, PackMaps, UnpackMaps
from mammo_core.learning.pooling import CellWeights, LocalContrast, TopMean, WeightedMeans

FEATURES, POOLS, OUTPUT = "features", ("mean", "top"), "probability"  # names of layers
MOMENTUM = 0.97  # of batch statistics: averages some 30 batches; with fewer, validation depends on the last few
LESION_LOGIT = -3.0  # of every cell before training: few show a lesion
LESION_MAP = "lesion_map"  # layer of the pretrained network: the logit of a lesion in each cell
BODY, HEAD = "body", "head"  # layers of the pretrained network: all below the head, and the head's first with weights
MAPS = "maps"  # likewise: what the lesion map is made of, on one grid
CONTRAST = "contrast"  # likewise: how far a cell of the lesion map lies above its surroundings
HEAD_NORMALISATION, STANDARDISED = "head_bn", "standardised"  # likewise, in its head
BY_LESIONS, BY_TEXTURE = "by_lesions", "by_texture"  # likewise: the logits that lesion map and texture give
TEXTURE_DEVIATION = 0.05  # by which the weights of standardised texture are expected to differ from 0
BLOCK_STEPS = {5: FINE_STEP, 8: BODY_STEP, 11: BODY_STEP, 15: COARSE_STEP, 16: COARSE_STEP}  # of blocks the head sees
TEXTURE_BLOCKS = (5, 8, 11, 15)  # of these, the blocks that texture is made of
STEPS = (FINE_STEP, BODY_STEP, COARSE_STEP)  # of the grids of texture
WEIGHTS, MEANS = "weights_{}", "means_{}"  # layers of the pretrained network, one for a grid's step and one for a block
BODY_TOP_SHARE = 4 / 256  # four cells of 16 × 16


def _block(x: Any, filters: int, pool: bool) -> Any:
    """Apply two separable convolutions with a shortcut, then pooling.

    The pooling halves the height and width of the feature map.
    """
    shortcut = layers.Conv2D(filters, 1, use_bias=False)(x)
    for _ in range(2):
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.ReLU()(x)
    x = layers.add([x, shortcut])
    return layers.MaxPooling2D()(x) if pool else x


def _input(size: Size) -> Any:
    """Return the input of a network, float32 (n, rows, columns, 1).

    Raises:
        ConfigError: rows or columns are no multiples of 32.
    """
    return keras.Input((*rows_and_columns(check_size(size)), 1), name="image")


def compact(size: Size) -> keras.Model:
    """Build the default network, with some 30,000 weights.

    Its class activation map sums to its logit.

    Args:
        size: of the input in pixels, multiples of 32; see `Size`.

    Returns:
        float32 (n, rows, columns, 1) in [0, 1] → probabilities (n, 2).
    """
    image = _input(size)
    x = layers.Conv2D(16, 5, strides=2, padding="same", use_bias=False)(image)  # 1/2 of the image
    x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D()(x)  # 1/4
    x = _block(x, 32, pool=True)  # 1/8
    x = _block(x, 64, pool=False)
    x = _block(x, 64, pool=False)  # (n, rows / 8, columns / 8, 64)
    return keras.Model(image, _classify(x), name="compact")


def _classify(x: Any) -> Any:
    """Classify by two poolings and one dense layer.

    This makes the logit a sum over the cells of the feature map.
    """
    x = layers.Conv2D(64, 1, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    x = layers.ReLU(name=FEATURES)(x)
    pools = [layers.GlobalAveragePooling2D(name=POOLS[0])(x), TopMean(name=POOLS[1])(x)]
    return layers.Dense(2, activation="softmax", name=OUTPUT)(layers.concatenate(pools))


def pretrained(size: Size) -> keras.Model:
    """Build a network on features that ImageNet taught, whose weights are frozen.

    The body is EfficientNet-Lite0 with its shipped weights; only the head on top of it is trained, see
    `split_pretrained` and `unfreeze`. The head sees outputs of five depths, from texture at 1/8 of the image to shapes at
    1/32, and which cells show breast. Its class activation map is as exact as the compact network's.

    Args:
        size: of the input in pixels, multiples of 32; see `Size`.

    Returns:
        float32 (n, rows, columns, 1) in [0, 1] → probabilities (n, 2).

    Raises:
        ModelError: the file with the ImageNet weights is missing or was changed.
    """
    image = _input(size)
    backbone = efficientnet_lite0(image)
    load_imagenet_weights(backbone)
    maps = [*(block_output(backbone, block) for block in BLOCK_STEPS), BreastShare(FINE_STEP, name="breast")(image)]
    steps, channels = (*BLOCK_STEPS.values(), FINE_STEP), tuple(part.shape[3] for part in maps)
    body = keras.Model(image, PackMaps(steps, name="packed")(maps), name=BODY)  # (n, rows / 16, columns / 16, 484)
    body.trainable = False
    *outputs, breast = UnpackMaps(steps, channels, name="unpacked")(body(image))
    blocks = dict(zip(BLOCK_STEPS, outputs, strict=True))
    model = keras.Model(image, _classify_by_lesions(blocks, breast), name="pretrained")
    model.get_layer(BY_LESIONS).set_weights([np.array([[-0.5, 0.5]]), np.zeros(2)])
    return model


def _classify_by_lesions(blocks: dict[int, Any], breast: Any) -> Any:
    """Classify by the most suspicious cells of a lesion map, and by texture.

    Where lesions are known, they can supervise the map; where they aren't, the label alone does. A cell counts by
    how far it lies above its surroundings. The texture starts with weights of 0, and `train_head` keeps them small: some
    thousand numbers of a few hundred patients are soon learnt by heart.

    Args:
        blocks: outputs of the body's blocks by number, each on its own grid.
        breast: share of breast, on the finest grid.

    Returns:
        Probabilities (n, 2).
    """
    x = OneGrid(name=MAPS)([blocks[5], blocks[11], blocks[16], breast])  # (n, rows / 16, columns / 16, 473)
    features = layers.Conv2D(64, 1, use_bias=False, name=HEAD)(x)
    features = layers.BatchNormalization(momentum=MOMENTUM, name=HEAD_NORMALISATION)(features)
    features = layers.ReLU(name=FEATURES)(features)
    rare = keras.initializers.Constant(LESION_LOGIT)
    lesions = layers.Conv2D(1, 1, bias_initializer=rare, name=LESION_MAP)(features)
    contrast = LocalContrast(name=CONTRAST)([lesions, x])
    top = TopMean(BODY_TOP_SHARE, name=POOLS[1])(contrast)
    logits = [
        layers.Dense(2, name=BY_LESIONS)(top),  # `pretrained` lets it start with suspicion speaking for cancer
        layers.Dense(2, use_bias=False, kernel_initializer="zeros", name=BY_TEXTURE)(
            _texture(blocks, breast, contrast)
        ),
    ]
    return layers.Softmax(name=OUTPUT)(layers.add(logits))


def _texture(blocks: dict[int, Any], breast: Any, contrast: Any) -> Any:
    """Return the standardised means of the channels of `TEXTURE_BLOCKS`.

    Each block is averaged on its own grid, in the three ways of `CellWeights`.
    """
    weights = {}
    for step in STEPS:
        share = layers.AveragePooling2D(step // FINE_STEP)(breast)
        weights[step] = CellWeights(name=WEIGHTS.format(step))([share, contrast])
    means = [
        WeightedMeans(name=MEANS.format(block))([blocks[block], weights[BLOCK_STEPS[block]]])
        for block in TEXTURE_BLOCKS
    ]
    return layers.BatchNormalization(momentum=MOMENTUM, center=False, scale=False, name=STANDARDISED)(
        layers.concatenate(means)
    )


def has_lesion_map(model: keras.Model) -> bool:
    """Return whether a network has a lesion map, which known lesions can supervise."""
    return any(layer.name == LESION_MAP for layer in model.layers)


def has_texture_of_blocks(model: keras.Model) -> bool:
    """Return whether a network with a lesion map sees blocks on their own grids.

    Those of earlier versions saw three blocks on one grid. They load and predict, and can be trained further.
    """
    return any(layer.name == MEANS.format(TEXTURE_BLOCKS[0]) for layer in model.layers)


def with_lesion_map(model: keras.Model) -> keras.Model:
    """Return the model with its lesion map as a second output, by name.

    Returns:
        A model with the outputs probability (n, 2) and lesion_map (n, h, w, 1), in logits.
    """
    return keras.Model(model.input, _outputs_by_name(model), name=model.name)


def _outputs_by_name(model: keras.Model) -> dict[str, Any]:
    return {OUTPUT: model.output, LESION_MAP: model.get_layer(LESION_MAP).output}


def split_pretrained(model: keras.Model, *, lesion_map: bool = False) -> tuple[keras.Model, keras.Model]:
    """Return body and head of a pretrained network, which share its weights.

    While the body is frozen, its maps can be computed once for each image, and the head trained on them.

    Args:
        model: made by `pretrained`, or such a one loaded.
        lesion_map: whether the head also gives its lesion map, as `with_lesion_map` does.

    Returns:
        Body: images (n, rows, columns, 1) → packed maps (n, rows / 16, columns / 16, 484); head: these → probabilities
        (n, 2).
    """
    outputs = _outputs_by_name(model) if lesion_map else model.output
    return model.get_layer(BODY), keras.Model(head_input(model), outputs, name=HEAD)


def head_input(model: keras.Model) -> Any:
    """Return what a pretrained network's head gets from its body, as a Keras tensor."""
    return model.layers[model.layers.index(model.get_layer(BODY)) + 1].input


def train_head(model: keras.Model, *, lesion_map: bool, texture: bool, images: int) -> None:
    """Choose which parts of a pretrained network's head are trained, and how.

    The weights of texture are regularised as if they were drawn from a normal distribution of `TEXTURE_DEVIATION`: the
    fewer images there are, the more it counts. Compile the model afterwards.

    Args:
        model: made by `pretrained`, or such a one loaded.
        lesion_map: the lesion map and the features under it.
        texture: the weights of texture.
        images: how many it is trained on.
    """
    for name in (HEAD, HEAD_NORMALISATION, LESION_MAP):
        model.get_layer(name).trainable = lesion_map
    weights = model.get_layer(BY_TEXTURE)
    weights.trainable = texture
    model.get_layer(STANDARDISED).trainable = True
    weights.kernel_regularizer = keras.regularizers.L2(1 / (images * TEXTURE_DEVIATION**2))
    weights.kernel.regularizer = weights.kernel_regularizer  # Keras reads that of the layer only as it is built


def standardise_texture(model: keras.Model, features: Iterable[np.ndarray]) -> None:
    """Standardise the texture by features of training images, and keep it so.

    Otherwise its mean and variance follow those of the batches, and differ from theirs for some epochs. While the lesion map
    isn't trained, they don't change. Compile the model afterwards.

    Args:
        model: made by `pretrained`, or such a one loaded.
        features: batches of its body's output, float32 (n, h, w, c).
    """
    layer = model.get_layer(STANDARDISED)
    texture = keras.Model(head_input(model), layer.input)
    values = np.concatenate([np.asarray(texture.predict_on_batch(batch))[: len(batch)] for batch in features])
    layer.set_weights([values.mean(axis=0), values.var(axis=0)])
    layer.trainable = False


def unfreeze(model: keras.Model, from_block: int) -> None:
    """Make the upper blocks of a pretrained network trainable, and freeze those below.

    The statistics of batch normalisation stay fixed. Compile the model afterwards.

    Args:
        model: made by `pretrained`, or such a one loaded.
        from_block: the lowest trainable block of EfficientNet-Lite0, from 1 to 16; 17 freezes the whole body.
    """
    body = model.get_layer(BODY)
    body.trainable = True  # Keras ignores the layers of a model that isn't trainable
    for layer in body.layers:
        layer.trainable = block_number(layer) >= from_block


def original(size: Size) -> keras.Model:
    """Build the network of the published notebook, as a baseline.

    It has no exact heatmap.

    Args:
        size: of the input in pixels, multiples of 32; see `Size`.

    Returns:
        float32 (n, rows, columns, 1) in [0, 1] → probabilities (n, 2).
    """
    image = _input(size)
    x = image
    for filters, kernel in ((32, 5), (64, 3), (128, 3)):
        x = layers.Conv2D(filters, kernel, activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    x = layers.Dropout(0.5)(layers.Dense(128, activation="relu")(x))
    return keras.Model(image, layers.Dense(2, activation="softmax", name=OUTPUT)(x), name="original")


def large(size: Size, weights: str | None = None) -> keras.Model:
    """Build a network for large GPUs: EfficientNetV2-S, with 20 million weights.

    See Tan & Le 2021, arXiv:2104.00298.

    Its heatmap is as exact as the compact network's, but coarser.

    Args:
        size: of the input in pixels, multiples of 32; see `Size`.
        weights: path of a file with weights of Keras' EfficientNetV2S without its top, or "imagenet", which Keras
            downloads; random weights by default.

    Returns:
        float32 (n, rows, columns, 1) in [0, 1] → probabilities (n, 2).

    Raises:
        ModelError: the file has no such weights, or they can't be downloaded.
    """
    image = _input(size)
    backbone = _efficientnet_v2s(size, weights)
    x = layers.Rescaling(2.0, offset=-1.0)(image)  # the input range of the backbone
    x = backbone(layers.concatenate([x, x, x]))  # grey as red, green and blue → (n, rows / 32, columns / 32, 1280)
    return keras.Model(image, _classify(x), name="large")


def _efficientnet_v2s(size: Size, weights: str | None) -> keras.Model:
    settings = {"include_top": False, "include_preprocessing": False, "input_shape": (*rows_and_columns(size), 3)}
    if weights == IMAGENET:
        try:
            return keras.applications.EfficientNetV2S(weights=IMAGENET, **settings)
        except Exception as error:
            if not str(error).startswith("URL fetch failure"):  # Keras has no class of its own for it
                raise
            raise ModelError(
                "The ImageNet weights of EfficientNetV2S can't be downloaded. Connect this machine to the internet, or give "
                "the path of a file with them as backbone weights."
            ) from error
    backbone = keras.applications.EfficientNetV2S(weights=None, **settings)
    if weights:
        path = Path(weights)
        try:
            backbone.load_weights(path)
        except (OSError, ValueError, KeyError) as error:
            name = type(error).__name__
            raise ModelError(f"{path.name} has no weights of EfficientNetV2S without its top ({name}).") from None
    return backbone


NETWORKS: dict[str, Callable[[Size], keras.Model]] = {
    "compact": compact,
    "pretrained": pretrained,
    "original": original,
}


def build(name: str, size: Size, backbone_weights: str | None = None) -> keras.Model:
    """Build a network by name, with random weights from Keras' seed.

    The body of the pretrained one has ImageNet weights.

    Args:
        name: compact, pretrained, original or large.
        size: of the input in pixels, multiples of 32; see `Size`.
        backbone_weights: for the large one, see `large`.

    Raises:
        ConfigError: there is no network of this name, or none for images of this size.
        ModelError: the weights of the backbone can't be loaded.
    """
    if name == "large":
        return large(size, backbone_weights)
    if name not in NETWORKS:
        raise ConfigError(f"There is no network {name!r}; choose one of {', '.join([*NETWORKS, 'large'])}.")
    return NETWORKS[name](size)


def load(path: Path) -> keras.Model:
    """Load a network that this application saved, in Keras' safe mode.

    Raises:
        ModelError: the file can't be loaded.
    """
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001 - a damaged file raises whatever its parts make of it, also in a zip or HDF5
        raise ModelError(
            f"{path.name} of {path.parent.name} can't be loaded as a network ({type(error).__name__})."
        ) from None
    if has_lesion_map(model) and all(layer.name != CONTRAST for layer in model.layers):
        raise ModelError(f"{path.parent.name} has an earlier kind of pretrained network. Train it again.")
    return model
