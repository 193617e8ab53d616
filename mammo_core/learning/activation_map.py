"""Return the exact class activation map of a network.

A cell of it is what that cell adds to the logit. The logit is linear in the pooled vectors, and each pooling is a sum over
cells. So it decomposes without remainder: the sum of the map plus `logit_bias` is the logit.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from mammo_core.learning._tensorflow import keras, layers
from mammo_core.learning.networks import (
    BODY,
    BY_LESIONS,
    BY_TEXTURE,
    CONTRAST,
    FEATURES,
    MEANS,
    OUTPUT,
    POOLS,
    STANDARDISED,
    STEPS,
    TEXTURE_BLOCKS,
    WEIGHTS,
    has_lesion_map,
    has_texture_of_blocks,
    head_input,
)
from mammo_core.learning.pooling import MIN_BREAST, top_count


def with_cam_outputs(model: keras.Model) -> keras.Model:
    """Return the model with what its class activation map is made of, if it has one.

    Returns:
        A model with the outputs probabilities (n, 2); features (n, h, w, c), if it has such a layer; and, if it has a lesion
        map, its local contrast (n, h, w, 1) and what texture is made of: a map for each block, and weights of cells for each
        grid.
    """
    return keras.Model(model.input, _cam_outputs(model))


def split_with_cam_outputs(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Return body and head of a pretrained network, with what its map is made of.

    Returns:
        Body, as `split_pretrained` returns it, and a head with the outputs of `with_cam_outputs`.
    """
    return model.get_layer(BODY), keras.Model(head_input(model), _cam_outputs(model))


def _cam_outputs(model: keras.Model) -> list[keras.KerasTensor]:
    outputs = [model.output]
    if any(layer.name == FEATURES for layer in model.layers):
        outputs.append(model.get_layer(FEATURES).output)
    if has_lesion_map(model):
        outputs.append(model.get_layer(CONTRAST).output)
        if has_texture_of_blocks(model):
            outputs += [model.get_layer(MEANS.format(block)).input[0] for block in TEXTURE_BLOCKS]
            outputs += [model.get_layer(WEIGHTS.format(step)).output for step in STEPS]
        else:
            outputs.append(layers.Identity()(head_input(model)))  # Keras can't return an input as it is
    return outputs


def class_activation_map(
    model: keras.Model, features: np.ndarray, contrast: np.ndarray | None = None, *texture: np.ndarray
) -> np.ndarray:
    """Return the exact class activation map of each image.

    A cell of the map is what that cell adds to the logit of the positive class. Where texture has other grids, finer cells
    are added up, and coarser ones spread evenly over those of the map.

    Args:
        model: a network with features.
        features: float32 (n, h, w, c), non-negative.
        contrast: float32 (n, h, w, 1), of a lesion map.
        texture: the remaining outputs of `with_cam_outputs`.

    Returns:
        float64 (n, h, w), in logits.
    """
    if contrast is None:
        flat = _flatten(features)
        mean_weights, top_weights = np.split(_positive_weights(model, OUTPUT), [flat.shape[2]])
        cam = flat @ mean_weights / flat.shape[1] + _top_cells(model, flat) @ top_weights
        return cam.reshape(features.shape[:3])
    grid = contrast.shape[1:3]
    cam = (_top_cells(model, _flatten(contrast)) @ _positive_weights(model, BY_LESIONS)).reshape(-1, *grid)
    for part in _texture_maps(model, contrast, texture):
        cam += _on_grid(part, grid)
    return cam


def _texture_maps(model: keras.Model, contrast: np.ndarray, texture: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield what the texture of each cell adds to the logit, for each map.

    float64 (n, rows, columns), on the grid of the map.
    """
    _, deviation = _texture_statistics(model)
    coefficients, start = _positive_weights(model, BY_TEXTURE) / deviation, 0
    for maps, weights in _maps_and_weights(contrast, texture):
        stop = start + weights.shape[3] * maps.shape[3]
        by_kind = coefficients[start:stop].reshape(weights.shape[3], maps.shape[3])
        yield ((maps.astype(np.float64) @ by_kind.T) * weights).sum(axis=3)
        start = stop


def _maps_and_weights(contrast: np.ndarray, texture: Sequence[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each map of texture with the weights of its cells."""
    maps, weights = texture[: len(TEXTURE_BLOCKS)], {array.shape[1]: array for array in texture[len(TEXTURE_BLOCKS) :]}
    if not weights:
        yield maps[0], _earlier_weights(maps[0], contrast)
        return
    for part in maps:
        yield part, weights[part.shape[1]]


def _earlier_weights(maps: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Return the weights of a head that averaged the image, and by contrast."""
    weights = np.exp(contrast.astype(np.float64)) * maps[..., -1:]
    suspicious = weights / (weights.sum(axis=(1, 2), keepdims=True) + MIN_BREAST)
    return np.concatenate([np.full_like(suspicious, 1 / suspicious[0].size), suspicious], axis=3)


def _on_grid(cam: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """Add up finer cells, or spread coarser ones evenly; (n, rows, columns)."""
    if cam.shape[1] >= grid[0]:
        factor = cam.shape[1] // grid[0]
        return cam.reshape(-1, grid[0], factor, grid[1], factor).sum(axis=(2, 4))
    factor = grid[0] // cam.shape[1]
    return cam.repeat(factor, axis=1).repeat(factor, axis=2) / factor**2


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
