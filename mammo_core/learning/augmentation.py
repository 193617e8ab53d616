"""Change training images at random, with the boxes of their lesions.

Everything here runs inside TensorFlow's graph, on one image at a time.
"""

from typing import Any

from mammo_core.learning._tensorflow import tf

MAX_SHIFT = 1 / 32  # of the image's side
BLUR_WIDTH = 7  # pixels that a blur reaches
NOISE_SCALES = (1, 2, 4, 8, 16)  # pixels that one grain of noise is wide
AIR = 0.01  # blurred grey level below which nothing is drawn: the background stays exactly 0


class Draws:
    """Random numbers that depend only on a seed and on their order.

    Args:
        seed: int32 (2,).
    """

    def __init__(self, seed: Any) -> None:
        self._seed, self._count = seed, 0

    def _next_seed(self) -> Any:
        self._count += 1
        return tf.random.fold_in(self._seed, self._count)

    def uniform(self, low: float, high: float) -> Any:
        """Return a number from low to high, float32 ()."""
        return tf.random.stateless_uniform((), self._next_seed(), low, high)

    def integer(self, low: int, high: int) -> Any:
        """Return a whole number from low to high, both included, int32 ()."""
        return tf.random.stateless_uniform((), self._next_seed(), low, high + 1, tf.int32)

    def chance(self, probability: float) -> Any:
        """Return whether something of this probability happens, bool ()."""
        return tf.random.stateless_uniform((), self._next_seed()) < probability

    def normal(self, shape: Any) -> Any:
        """Return normally distributed numbers of mean 0 and standard deviation 1, float32."""
        return tf.random.stateless_normal(shape, self._next_seed())


def augment(image: Any, boxes: Any, seed: Any) -> tuple[Any, Any]:
    """Flip, shift and change the contrast of an image at random.

    The changes imitate differences in positioning and exposure. The background stays 0.

    Args:
        image: (rows, columns, 1), uint8 or float32 in [0, 1], the chest wall at the left edge.
        boxes: float32 (k, 4), top, left, bottom, right in pixels.
        seed: int32 (2,); equal seeds give equal changes.

    Returns:
        The changed image, float32 in [0, 1], and boxes, which may reach beyond the image.
    """
    draws = Draws(seed)
    image, boxes = _flip(image, boxes, draws)
    rows, columns = image.shape[0], image.shape[1]
    most, across = (max(1, round(side * MAX_SHIFT)) for side in (rows, columns))
    down, left = draws.integer(-most, most), draws.integer(0, across)
    image = tf.concat([image, tf.zeros((rows, across, 1), image.dtype)], axis=1)  # copies sooner than tf.pad
    margin = tf.zeros((most, columns + across, 1), image.dtype)
    image = tf.slice(tf.concat([margin, image, margin], axis=0), [most - down, left, 0], [rows, columns, 1])
    boxes += tf.cast(tf.stack([down, -left, down, -left]), tf.float32)
    gain, gamma = draws.uniform(0.9, 1.1), draws.uniform(0.85, 1.15)
    if image.dtype != tf.uint8:
        return tf.minimum(gain * image**gamma, 1.0), boxes
    levels = to_float(tf.range(256))  # 256 powers are soon computed, one for each pixel are not
    changed = tf.minimum(gain * levels**gamma, 1.0)
    return tf.gather_nd(changed, tf.cast(image, tf.int32))[..., tf.newaxis], boxes  # sooner than tf.gather


def to_float(image: Any) -> Any:
    """Return grey levels from 0 to 255 as float32 in [0, 1]."""
    return tf.cast(image, tf.float32) / 255.0


def randomise_domain(image: Any, boxes: Any, seed: Any) -> tuple[Any, Any]:
    """Vary an image far beyond what mammograms differ in.

    A network trained on such images can't rely on the look of one machine, or of synthetic images (domain
    randomisation, Tobin et al. 2017, arXiv:1703.06907): contrast, sharpness, resolution, noise, shading and size vary.

    Args and returns as for `augment`.
    """
    image = to_float(image) if image.dtype == tf.uint8 else image
    draws = Draws(seed)
    image, boxes = _flip(image, boxes, draws)
    image, boxes = _zoom(image, boxes, draws)
    air = tf.cast(_blur(image, 1.0) > AIR, tf.float32)
    image = _change_contrast(image, draws)
    image = _change_sharpness(image, draws)
    image = _reduce_resolution(image, draws)
    image = _add_noise(image, draws)
    return tf.clip_by_value(image, 0.0, 1.0) * air, boxes


def _flip(image: Any, boxes: Any, draws: Draws) -> tuple[Any, Any]:
    """Turn every second image upside down."""
    rows = float(image.shape[0])
    top, left, bottom, right = tf.unstack(boxes, axis=1)
    flipped = draws.chance(0.5)
    image = tf.cond(flipped, lambda: tf.reverse(image, [0]), lambda: image)  # copies sooner than a slice
    upside_down = tf.stack([rows - bottom, left, rows - top, right], axis=1)
    return image, tf.where(flipped, upside_down, boxes)


def _zoom(image: Any, boxes: Any, draws: Draws) -> tuple[Any, Any]:
    """Make the breast larger or smaller and move it along the chest wall."""
    rows, columns = image.shape[0], image.shape[1]
    zoom, left = draws.uniform(0.8, 1.25), draws.uniform(-0.01, 0.05) * columns
    centre, down = rows / 2, draws.uniform(-0.05, 0.05) * rows
    transform = tf.stack([1 / zoom, 0.0, left, 0.0, 1 / zoom, centre - (centre + down) / zoom, 0.0, 0.0])
    image = tf.raw_ops.ImageProjectiveTransformV3(
        images=image[tf.newaxis],
        transforms=transform[tf.newaxis],
        output_shape=[rows, columns],
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )[0]
    shift = tf.stack([(centre + down) / zoom - centre, -left, (centre + down) / zoom - centre, -left])
    return tf.ensure_shape(image, (rows, columns, 1)), (boxes + shift) * zoom


def _change_contrast(image: Any, draws: Draws) -> Any:
    """Apply a random gamma, grey level window and S-curve."""
    image = image ** tf.exp(draws.uniform(-0.7, 0.7))
    low, high = draws.uniform(-0.15, 0.25), draws.uniform(0.75, 1.2)
    image = tf.clip_by_value((image - low) / (high - low), 0.0, 1.0)
    share = tf.maximum(draws.uniform(-0.5, 1.0), 0.0)
    return (1 - share) * image + share * image**2 * (3 - 2 * image)


def _change_sharpness(image: Any, draws: Draws) -> Any:
    """Blur a third of the images, sharpen another third."""
    which, amount = draws.uniform(0.0, 3.0), draws.uniform(0.3, 1.5)
    blurred = _blur(image, draws.uniform(0.4, 1.8))
    return tf.case(
        [(which < 1, lambda: blurred), (which < 2, lambda: image + amount * (image - blurred))],
        default=lambda: image,
    )


def _reduce_resolution(image: Any, draws: Draws) -> Any:
    """Reduce the resolution of a third of the images."""
    size = tf.constant([image.shape[0], image.shape[1]])
    smaller = tf.cast(tf.cast(size, tf.float32) * draws.uniform(0.35, 0.9), tf.int32)

    def coarsen() -> Any:
        return tf.image.resize(tf.image.resize(image, smaller, "area"), size)

    return tf.ensure_shape(tf.cond(draws.chance(1 / 3), coarsen, lambda: image), image.shape)


def _add_noise(image: Any, draws: Draws) -> Any:
    """Add noise of several grain sizes, and uneven exposure."""
    rows, columns = image.shape[0], image.shape[1]
    for scale in NOISE_SCALES:
        noise = draws.normal((rows // scale, columns // scale, 1))
        image += tf.image.resize(noise, (rows, columns)) * draws.uniform(0.0, 0.05)
    shading = tf.image.resize(draws.normal((4, 4, 1)), (rows, columns), "bicubic")
    return image * (1 + shading * draws.uniform(0.0, 0.25))


def _blur(image: Any, sigma: Any) -> Any:
    """Blur an image by a Gaussian of `sigma` pixels."""
    steps = tf.range(BLUR_WIDTH, dtype=tf.float32) - BLUR_WIDTH // 2
    weights = tf.exp(-(steps**2) / (2 * sigma**2))
    weights /= tf.reduce_sum(weights)
    image = tf.nn.conv2d(image[tf.newaxis], tf.reshape(weights, (-1, 1, 1, 1)), 1, "SAME")
    return tf.nn.conv2d(image, tf.reshape(weights, (1, -1, 1, 1)), 1, "SAME")[0]
