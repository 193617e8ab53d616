"""Build the networks: compact, pretrained, original and large.

All end in a softmax over (negative, positive) and are trained with categorical cross-entropy.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.documents.preprocessing_config import Size, check_size, rows_and_columns
from mammo_core.documents.training_config import IMAGENET
from mammo_core.errors import ConfigError, ModelError
from mammo_core.learning._tensorflow import keras, layers
from mammo_core.learning.efficientnet import block_number, block_output, efficientnet_lite0, load_imagenet_weights

FEATURES, POOLS, OUTPUT = "features", ("mean", "top"), "probability"  # names of layers
MOMENTUM = 0.97  # of batch statistics: averages some 30 batches; with fewer, validation depends on the last few
TOP_SHARE = 0.004  # of the cells of the feature map that the second pooling averages: four of 32 × 32
LESION_LOGIT = -3.0  # of every cell before training: few show a lesion
MIN_BREAST = 1e-3  # added to the breast that is averaged over: there may be none
LESION_MAP = "lesion_map"  # layer of the pretrained network: the logit of a lesion in each cell
BODY, HEAD = "body", "head"  # layers of the pretrained network: all below the head, and the head's first
CONTRAST = "contrast"  # likewise: how far a cell of the lesion map lies above its surroundings
HEAD_NORMALISATION, STANDARDISED, SUSPICIOUS = "head_bn", "standardised", "suspicious_mean"  # likewise, in its head
BY_LESIONS, BY_TEXTURE = "by_lesions", "by_texture"  # likewise: the logits that lesion map and texture give
TEXTURE_L2 = 0.02  # weight of the squared weights of texture in the loss
BODY_BLOCKS = (5, 11, 16)  # of EfficientNet-Lite0 whose outputs the head sees, at 1/8, 1/16 and 1/32 of the image
BODY_STEP = 16  # pixels to a cell of the body's maps
BODY_TOP_SHARE = 4 / 256  # four cells of 16 × 16
SURROUNDINGS = 5  # cells across, its own included, with which a cell of the lesion map is compared; some 7 cm


@keras.saving.register_keras_serializable(package="mammo")
class TopMean(layers.Layer):
    """Average the largest values of each channel over the feature map.

    A lesion covers a few cells of the map; the mean over all cells would drown it (GMIC, Shen et al. 2021,
    doi:10.1016/j.media.2020.101908).

    Args:
        share: of the cells that are averaged, in (0, 1].
    """

    def __init__(self, share: float = TOP_SHARE, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.share = share

    def call(self, maps: Any) -> Any:  # noqa: D102 - (n, h, w, c) → (n, c)
        cells = maps.shape[1] * maps.shape[2]
        flat = keras.ops.reshape(maps, (-1, cells, maps.shape[3]))
        top, _ = keras.ops.top_k(keras.ops.transpose(flat, (0, 2, 1)), top_count(cells, self.share))
        return keras.ops.mean(top, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration from which `keras.saving` rebuilds the layer."""
        return {**super().get_config(), "share": self.share}


@keras.saving.register_keras_serializable(package="mammo")
class SuspiciousMean(layers.Layer):
    """Average each channel over the breast, by the local contrast of lesions.

    The weight of a cell is the exponential of its local contrast. This is attention-based pooling (Ilse et al. 2018,
    arXiv:1802.04712) whose attention lesions can supervise.
    """

    def call(self, inputs: Any) -> Any:  # noqa: D102 - maps (n, h, w, c) and contrast (n, h, w, 1) → (n, c)
        maps, contrast = inputs
        weights = keras.ops.exp(contrast) * maps[..., -1:]
        return keras.ops.sum(maps * weights, axis=(1, 2)) / (keras.ops.sum(weights, axis=(1, 2)) + MIN_BREAST)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, Any]:  # noqa: D102
        return input_shape[0][0], input_shape[0][3]


@keras.saving.register_keras_serializable(package="mammo")
class BreastShare(layers.Layer):
    """Return the share of each cell that shows breast.

    The background of a model input is exactly 0.
    """

    def call(self, image: Any) -> Any:  # noqa: D102 - (n, rows, columns, 1) → (n, rows / 16, columns / 16, 1)
        return keras.ops.average_pool(keras.ops.cast(image > 0, image.dtype), BODY_STEP)


@keras.saving.register_keras_serializable(package="mammo")
class LocalContrast(layers.Layer):
    """Return how far each cell's logit lies above the mean of the breast around it.

    What makes a whole breast look more or less suspicious, such as dense tissue or another machine, cancels out; lesions
    stand out from what surrounds them. Cells outside the breast are 0.
    """

    def call(self, inputs: Any) -> Any:  # noqa: D102 - logits (n, h, w, 1) and maps (n, h, w, c) → (n, h, w, 1)
        lesions, maps = inputs
        breast = maps[..., -1:]
        around, share = (
            keras.ops.average_pool(values, SURROUNDINGS, strides=1, padding="same")
            for values in (lesions * breast, breast)
        )
        return (lesions - around / (share + MIN_BREAST)) * breast

    def compute_output_shape(self, input_shape: Any) -> Any:  # noqa: D102
        return input_shape[0]


def top_count(cells: int, share: float) -> int:
    """Return how many cells are averaged, at least one."""
    return max(1, round(share * cells))


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
    `split_pretrained` and `unfreeze`. Outputs of three depths are brought to one grid, so that the head sees texture at
    1/8 of the image and shapes at 1/32, and which cells show breast. Its class activation map is as exact as the compact
    network's.

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
    fine, middle, coarse = (block_output(backbone, block) for block in BODY_BLOCKS)  # 40, 112 and 320 channels
    fine = layers.AveragePooling2D(2, name="fine")(fine)
    coarse = layers.UpSampling2D(interpolation="bilinear", name="coarse")(coarse)
    breast = BreastShare(name="breast")(image)
    maps = layers.Concatenate(name="maps")([fine, middle, coarse, breast])  # (n, rows / 16, columns / 16, 473)
    body = keras.Model(image, maps, name=BODY)
    body.trainable = False
    model = keras.Model(image, _classify_by_lesions(body(image)), name="pretrained")
    model.get_layer(BY_LESIONS).set_weights([np.array([[-0.5, 0.5]]), np.zeros(2)])
    return model


def _classify_by_lesions(x: Any) -> Any:
    """Classify by the most suspicious cells of a lesion map, and by texture.

    Where lesions are known, they can supervise the map; where they aren't, the label alone does. A cell counts by
    how far it lies above its surroundings. The texture is the mean of all channels over the image, and over its
    suspicious cells. It starts with weights of 0 and strong regularisation:
    some thousand numbers of a few hundred patients are soon learnt by heart.
    """
    features = layers.Conv2D(64, 1, use_bias=False, name=HEAD)(x)
    features = layers.BatchNormalization(momentum=MOMENTUM, name=HEAD_NORMALISATION)(features)
    features = layers.ReLU(name=FEATURES)(features)
    rare = keras.initializers.Constant(LESION_LOGIT)
    lesions = layers.Conv2D(1, 1, bias_initializer=rare, name=LESION_MAP)(features)
    contrast = LocalContrast(name=CONTRAST)([lesions, x])
    top = TopMean(BODY_TOP_SHARE, name=POOLS[1])(contrast)
    means = [layers.GlobalAveragePooling2D(name=POOLS[0])(x), SuspiciousMean(name=SUSPICIOUS)([x, contrast])]
    texture = layers.BatchNormalization(momentum=MOMENTUM, center=False, scale=False, name=STANDARDISED)(
        layers.concatenate(means)
    )
    logits = [
        layers.Dense(2, name=BY_LESIONS)(top),  # `pretrained` lets it start with suspicion speaking for cancer
        layers.Dense(
            2,
            use_bias=False,
            kernel_initializer="zeros",
            kernel_regularizer=keras.regularizers.L2(TEXTURE_L2),
            name=BY_TEXTURE,
        )(texture),
    ]
    return layers.Softmax(name=OUTPUT)(layers.add(logits))


def has_lesion_map(model: keras.Model) -> bool:
    """Return whether a network has a lesion map, which known lesions can supervise."""
    return any(layer.name == LESION_MAP for layer in model.layers)


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
        Body: images (n, rows, columns, 1) → maps (n, rows / 16, columns / 16, 473); head: maps → probabilities (n, 2).
    """
    outputs = _outputs_by_name(model) if lesion_map else model.output
    return model.get_layer(BODY), keras.Model(model.get_layer(HEAD).input, outputs, name=HEAD)


def train_head(model: keras.Model, *, lesion_map: bool, texture: bool) -> None:
    """Choose which parts of a pretrained network's head are trained.

    Compile the model afterwards.

    Args:
        model: made by `pretrained`, or such a one loaded.
        lesion_map: the lesion map and the features under it.
        texture: the weights of texture.
    """
    for name in (HEAD, HEAD_NORMALISATION, LESION_MAP):
        model.get_layer(name).trainable = lesion_map
    model.get_layer(BY_TEXTURE).trainable = texture


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


def with_cam_outputs(model: keras.Model) -> keras.Model:
    """Return the model with what its class activation map is made of, if it has one.

    Returns:
        A model with the outputs probabilities (n, 2); features (n, h, w, c), if it has such a layer; and, if it has a lesion
        map, the maps of its body (n, h, w, 473) and the lesion map's local contrast (n, h, w, 1).
    """
    outputs = [model.output]
    if any(layer.name == FEATURES for layer in model.layers):
        outputs.append(model.get_layer(FEATURES).output)
    if has_lesion_map(model):
        outputs += [model.get_layer(HEAD).input, model.get_layer(CONTRAST).output]
    return keras.Model(model.input, outputs)


def split_with_cam_outputs(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Return body and head of a pretrained network, with what its map is made of.

    Returns:
        Body, as `split_pretrained` returns it, and a head whose input are the body's maps, with the other outputs of
        `with_cam_outputs`: probabilities, features and local contrast.
    """
    outputs = [model.output, model.get_layer(FEATURES).output, model.get_layer(CONTRAST).output]
    return model.get_layer(BODY), keras.Model(model.get_layer(HEAD).input, outputs)


def class_activation_map(
    model: keras.Model,
    features: np.ndarray,
    maps: np.ndarray | None = None,
    contrast: np.ndarray | None = None,
) -> np.ndarray:
    """Return the exact class activation map of each image.

    A cell of the map is what that cell adds to the logit of the positive class.

    The logit is linear in the pooled vectors, and each pooling is a sum over cells. So it decomposes without remainder:
    the sum of the map plus `logit_bias` is the logit.

    Args:
        model: a network with features.
        features: float32 (n, h, w, c), non-negative.
        maps: float32 (n, h, w, 473), of the body of a network with a lesion map.
        contrast: float32 (n, h, w, 1), of its lesion map.

    Returns:
        float64 (n, h, w), in logits.
    """
    if maps is None or contrast is None:
        flat = _flatten(features)
        mean_weights, top_weights = np.split(_positive_weights(model, OUTPUT), [flat.shape[2]])
        cam = flat @ mean_weights / flat.shape[1] + _top_cells(model, flat) @ top_weights
    else:
        cam = _top_cells(model, _flatten(contrast)) @ _positive_weights(model, BY_LESIONS)
        cam += _texture_map(model, _flatten(maps), _flatten(contrast)[..., 0])
    return cam.reshape(features.shape[:3])


def _flatten(maps: np.ndarray) -> np.ndarray:
    """Return maps (n, h, w, c) as float64 (n, cells, c)."""
    return np.asarray(maps, np.float64).reshape(len(maps), -1, maps.shape[3])


def logit_bias(model: keras.Model) -> float:
    """Return the part of the positive logit that no cell of the image adds."""
    if not has_lesion_map(model):
        return float(np.diff(_weights(model, OUTPUT)[1])[0])
    mean, deviation = _texture_statistics(model)
    bias = np.diff(_weights(model, BY_LESIONS)[1])[0]
    return float(bias - (mean / deviation) @ _positive_weights(model, BY_TEXTURE))


def _top_cells(model: keras.Model, maps: np.ndarray) -> np.ndarray:
    """Return what each cell adds to the mean of the largest.

    (n, cells, c), as the maps.
    """
    top = top_count(maps.shape[1], model.get_layer(POOLS[1]).share)
    chosen = np.argpartition(-maps, top - 1, axis=1)[:, :top]  # (n, top, c)
    mask = np.zeros(maps.shape)
    np.put_along_axis(mask, chosen, 1 / top, axis=1)
    return maps * mask


def _texture_map(model: keras.Model, maps: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Return what the texture of each cell adds to the logit, (n, cells).

    From maps (n, cells, 473) and local contrast (n, cells).
    """
    _, deviation = _texture_statistics(model)
    over_image, over_lesions = np.split(_positive_weights(model, BY_TEXTURE) / deviation, 2)
    weights = np.exp(contrast) * maps[..., -1]
    share = weights / (weights.sum(axis=1, keepdims=True) + MIN_BREAST)
    return maps @ over_image / maps.shape[1] + (maps @ over_lesions) * share


def _texture_statistics(model: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of texture, float64."""
    layer = model.get_layer(STANDARDISED)
    mean, variance = (np.asarray(weights, np.float64) for weights in layer.get_weights())
    return mean, np.sqrt(variance + layer.epsilon)


def _positive_weights(model: keras.Model, layer: str) -> np.ndarray:
    """Return a dense layer's weights of the logit of the positive class.

    float64 (c,), those of the positive class less those of the negative.
    """
    kernel = np.asarray(model.get_layer(layer).get_weights()[0], np.float64)
    return kernel[:, 1] - kernel[:, 0]


def _weights(model: keras.Model, layer: str) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel and bias of a layer, float64."""
    kernel, bias = (np.asarray(weights, np.float64) for weights in model.get_layer(layer).get_weights())
    return kernel, bias
