"""Bring maps of several grids, whose cells have other sizes, to one grid.

A step is the number of pixels to a cell, along rows and along columns. Maps that share the grid of `BODY_STEP` can be kept
and read as one array.
"""

from collections.abc import Sequence
from typing import Any

from mammo_core.learning._tensorflow import keras, layers

FINE_STEP, BODY_STEP, COARSE_STEP = 8, 16, 32  # of the grids, in pixels


@keras.saving.register_keras_serializable(package="mammo")
class BreastShare(layers.Layer):
    """Return the share of each cell that shows breast.

    The background of a model input is exactly 0.

    Args:
        step: pixels to a cell.
    """

    def __init__(self, step: int = BODY_STEP, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.step = step

    def call(self, image: Any) -> Any:  # noqa: D102 - (n, rows, columns, 1) → (n, rows / step, columns / step, 1)
        return keras.ops.average_pool(keras.ops.cast(image > 0, image.dtype), self.step)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration from which `keras.saving` rebuilds the layer."""
        return {**super().get_config(), "step": self.step}


@keras.saving.register_keras_serializable(package="mammo")
class PackMaps(layers.Layer):
    """Write maps of several grids as one array, without loss.

    Four cells of a finer grid become channels of one; each cell of a coarser grid gives a quarter of its channels to each
    of its four.

    Args:
        steps: of the maps; `FINE_STEP`, `BODY_STEP` or `COARSE_STEP`.
    """

    def __init__(self, steps: Sequence[int], **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.steps = tuple(steps)

    def call(self, inputs: Any) -> Any:  # noqa: D102 - maps (n, rows / step, columns / step, c) → (n, h, w, all channels)
        maps = [_regrid(maps, step, BODY_STEP) for step, maps in zip(self.steps, inputs, strict=True)]
        return keras.ops.concatenate(maps, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the configuration from which `keras.saving` rebuilds the layer."""
        return {**super().get_config(), "steps": self.steps}


@keras.saving.register_keras_serializable(package="mammo")
class UnpackMaps(layers.Layer):
    """Return the maps that `PackMaps` wrote as one array.

    Args:
        steps: of the maps.
        channels: of the maps.
    """

    def __init__(self, steps: Sequence[int], channels: Sequence[int], **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.steps, self.channels = tuple(steps), tuple(channels)

    def call(self, joined: Any) -> list[Any]:  # noqa: D102 - the reverse of `PackMaps`
        maps, start = [], 0
        for step, channels in zip(self.steps, self.channels, strict=True):
            stop = start + joined_channels(step, channels)
            maps.append(_regrid(joined[..., start:stop], BODY_STEP, step))
            start = stop
        return maps

    def get_config(self) -> dict[str, Any]:
        """Return the configuration from which `keras.saving` rebuilds the layer."""
        return {**super().get_config(), "steps": self.steps, "channels": self.channels}


def joined_channels(step: int, channels: int) -> int:
    """Return how many channels of the array a map takes."""
    return channels * BODY_STEP**2 // step**2


def _regrid(maps: Any, step: int, new_step: int) -> Any:
    """Bring maps to the same, the next finer or the next coarser grid, without loss."""
    if new_step == step:
        return maps
    height, width, channels = maps.shape[1:]
    if new_step > step:  # squares of four cells become one with four times as many channels
        height, width = height // 2, width // 2
        before, after = (height, 2, width, 2, channels), (height, width, 4 * channels)
    else:
        before, after = (height, width, 2, 2, channels // 4), (2 * height, 2 * width, channels // 4)
    cells = keras.ops.transpose(keras.ops.reshape(maps, (-1, *before)), (0, 1, 3, 2, 4, 5))
    return keras.ops.reshape(cells, (-1, *after))


@keras.saving.register_keras_serializable(package="mammo")
class OneGrid(layers.Layer):
    """Bring a finer map, some of the same grid, a coarser one and the breast together.

    The finer ones are averaged, the coarser one is interpolated.
    """

    def call(self, inputs: Any) -> Any:  # noqa: D102 - fine, middle, coarse and share of breast (fine) → (n, h, w, all channels)
        fine, middle, coarse, breast = inputs
        return keras.ops.concatenate(
            [
                keras.ops.average_pool(fine, 2),
                middle,
                keras.ops.image.resize(coarse, middle.shape[1:3]),
                keras.ops.average_pool(breast, 2),
            ],
            axis=-1,
        )
