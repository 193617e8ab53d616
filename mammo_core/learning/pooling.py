"""Pool maps: the largest cells, the breast, and its most suspicious cells."""

from typing import Any

from mammo_core.learning._tensorflow import keras, layers

TOP_SHARE = 0.004  # of the cells of the feature map that the second pooling averages: four of 32 × 32
MIN_BREAST = 1e-3  # added to the breast that is averaged over: there may be none
SURROUNDINGS = 5  # cells across, its own included, with which a cell of the lesion map is compared; some 7 cm
HOT_SHARE, MIN_HOT = 1 / 64, 2  # of the cells of a grid that count as its hottest, and at least how many


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


def top_count(cells: int, share: float) -> int:
    """Return how many cells are averaged, at least one."""
    return max(1, round(share * cells))


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


@keras.saving.register_keras_serializable(package="mammo")
class SuspiciousMean(layers.Layer):
    """Average each channel over the breast, by the local contrast of lesions.

    The weight of a cell is the exponential of its local contrast. This is attention-based pooling (Ilse et al. 2018,
    arXiv:1802.04712) whose attention lesions can supervise. Images are compared by it.
    """

    def call(self, inputs: Any) -> Any:  # noqa: D102 - maps (n, h, w, c) and contrast (n, h, w, 1) → (n, c)
        maps, contrast = inputs
        weights = keras.ops.exp(contrast) * maps[..., -1:]
        return keras.ops.sum(maps * weights, axis=(1, 2)) / (keras.ops.sum(weights, axis=(1, 2)) + MIN_BREAST)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, Any]:  # noqa: D102
        return input_shape[0][0], input_shape[0][3]


@keras.saving.register_keras_serializable(package="mammo")
class CellWeights(layers.Layer):
    """Weigh the cells of a grid in three ways, each with a sum of about 1.

    The weights are the breast; the breast by the exponential of its local contrast, as in `SuspiciousMean`; and by how far
    the hottest cells lie above the others, so that none enters or leaves by a jump.
    """

    def call(self, inputs: Any) -> Any:  # noqa: D102 - share of breast (n, h, w, 1), contrast of any grid → (n, h, w, 3)
        breast, contrast = inputs
        height, width = breast.shape[1:3]
        contrast = keras.ops.image.resize(contrast, (height, width))
        count = min(max(MIN_HOT, int(HOT_SHARE * height * width)), height * width - 1)
        highest, _ = keras.ops.top_k(keras.ops.reshape(contrast, (-1, height * width)), count + 1)
        hot = keras.ops.relu(contrast - keras.ops.reshape(highest[:, -1], (-1, 1, 1, 1)))
        weights = keras.ops.concatenate([breast, keras.ops.exp(contrast) * breast, hot], axis=-1)
        return weights / (keras.ops.sum(weights, axis=(1, 2), keepdims=True) + MIN_BREAST)


@keras.saving.register_keras_serializable(package="mammo")
class WeightedMeans(layers.Layer):
    """Average each channel of maps by each kind of weight of their cells."""

    def call(self, inputs: Any) -> Any:  # noqa: D102 - maps (n, h, w, c), weights (n, h, w, p) → (n, p c), weight by weight
        maps, weights = inputs
        cells, channels, kinds = maps.shape[1] * maps.shape[2], maps.shape[3], weights.shape[3]
        by_cell = keras.ops.transpose(keras.ops.reshape(weights, (-1, cells, kinds)), (0, 2, 1))
        means = keras.ops.matmul(by_cell, keras.ops.reshape(maps, (-1, cells, channels)))
        return keras.ops.reshape(means, (-1, kinds * channels))
