"""Draw the shape of a breast.

A shape consists of the traits that all views share, and of an outline in each view. Lengths are mm. In a view, x runs
from the chest wall (0) towards the nipple and y from the top of the frame down.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from mammo_core.phantoms.spec import DETECTOR_MM

Points = npt.NDArray[np.float64]  # (n, 2): x and y in mm

GLANDULAR = {"A": 0.05, "B": 0.17, "C": 0.36, "D": 0.60}  # one minus the fat fraction of the density class
OBLIQUE = ("MLO", "LMO", "AT", "ML", "LM")
HEIGHT, WIDTH = DETECTOR_MM


@dataclass(frozen=True)
class Breast:
    """The traits that all views of one breast share.

    Attributes:
        key: integers that seed all random numbers of this breast.
        density: density class, "A" to "D".
        reach: distance from chest wall to nipple in CC, as a share of the frame's width.
        span: height of the breast at the chest wall in CC, as a share of the frame's height.
        roundness: exponent of the outline, 1.8 (pointed) to 2.7 (square).
        nipple: length of the nipple in mm; 0 if it is flat.
        gland_reach: depth of the glandular disc from the nipple, as a share of the reach.
        gland_offset: vertical offset of the disc, as a share of half the height.
        implant: whether it has an implant.
        sag: how low the nipple hangs in oblique views, 0 to 1.
    """

    key: tuple[int, ...]
    density: str
    reach: float
    span: float
    roundness: float
    nipple: float
    gland_reach: float
    gland_offset: float
    implant: bool
    sag: float


@dataclass(frozen=True)
class Outline:
    """A breast's outline in one view.

    Attributes:
        skin: closed polygon (n, 2) of the breast with nipple and, in oblique views, armpit and belly.
        nipple: (x, y) of the nipple's base.
        upper, lower: height of the tissue above and below the nipple in mm, for the flow of the strands.
        slope: rise of the nipple's axis towards the chest wall, in mm per mm.
        pectoral: polygon (n, 2) of the muscle, empty if it is not visible.
    """

    skin: Points
    nipple: tuple[float, float]
    upper: float
    lower: float
    slope: float
    pectoral: Points = field(default_factory=lambda: np.empty((0, 2)))


def make_breast(seed: int, patient: int, laterality: str, density: str, implant: bool) -> Breast:
    """Draw a breast; the two breasts of a patient resemble each other."""
    both = np.random.default_rng([seed, patient, 0])
    key = (seed, patient, 1 if laterality == "L" else 2)
    one = np.random.default_rng(key)
    small = both.random() < 0.05
    nipple = float(both.choice([0.0, both.uniform(2.5, 9.0)], p=[0.4, 0.6]))
    reach = both.uniform(0.24, 0.44) if small else np.clip(both.normal(0.69, 0.055), 0.49, 0.73) - nipple / WIDTH
    span = both.uniform(0.62, 0.76) if small else np.clip(both.normal(0.868, 0.045), 0.70, 0.915)
    return Breast(
        key=key,
        density=density,
        reach=float(min(reach * one.normal(1, 0.02), 0.735 - nipple / WIDTH)),
        span=float(min(span * one.normal(1, 0.015), 0.92)),
        roundness=float(both.uniform(1.95, 2.65)),
        nipple=nipple,
        gland_reach=float(both.uniform(0.5, 0.8) + one.normal(0, 0.03)),
        gland_offset=float(both.normal(-0.05, 0.12) + one.normal(0, 0.03)),
        implant=implant,
        sag=float(both.random()),
    )


def outline(breast: Breast, view: str, rng: np.random.Generator) -> Outline:
    """Return the outline of a breast in a view.

    `rng` varies the outline slightly, like the positioning of a patient.
    """
    if view in OBLIQUE:
        return _oblique(breast, rng)
    return _cranio_caudal(breast, rng)


def _cranio_caudal(breast: Breast, rng: np.random.Generator) -> Outline:
    """Return the outline in CC: a rounded D with its flat side on the chest wall."""
    reach = breast.reach * WIDTH * rng.normal(1, 0.01)
    middle = HEIGHT * (0.5 + np.clip(rng.normal(0, 0.012), -0.03, 0.03))
    half = breast.span * HEIGHT / 2
    share = rng.uniform(0.46, 0.54)  # of the height above the nipple
    upper, lower = 2 * half * share, 2 * half * (1 - share)
    angle = np.union1d(np.linspace(-np.pi / 2, np.pi / 2, 401), np.linspace(-0.15, 0.15, 301))  # finer at the nipple
    cosine, sine = np.cos(angle), np.sin(angle)
    x = reach * np.abs(cosine) ** (2 / breast.roundness)
    y = np.sign(sine) * np.abs(sine) ** (2 / rng.uniform(1.95, 2.35))
    wobble = sum(rng.normal(0, 0.012 / order) * np.cos(order * angle + rng.uniform(0, 6.3)) for order in (2, 3, 4))
    x *= 1 + wobble
    x += breast.nipple * _bump(y * half, 4.6)
    y = np.where(y < 0, y * upper, y * lower) + (middle - half + upper)
    flare = np.exp(-x / (0.07 * reach)) * rng.uniform(0, 3, 2)[(y > middle).astype(int)]
    y += np.sign(y - middle) * flare
    skin = np.column_stack([x, y])
    closed = np.vstack([[-20, skin[0, 1]], skin, [-20, skin[-1, 1]]])
    return Outline(closed, (float(reach), middle - half + upper), upper, lower, 0.0)


def _bump(distance: npt.NDArray[np.float64], radius: float) -> npt.NDArray[np.float64]:
    """Return the profile of a nipple, 0 to 1: a dome with steep sides."""
    return np.exp(-((distance / radius) ** 4))


def _oblique(breast: Breast, rng: np.random.Generator) -> Outline:
    """Return the outline of a breast in an oblique view.

    It runs along armpit, breast, fold and belly, with the pectoral muscle at the top.
    """
    reach = min(breast.reach * rng.uniform(1.02, 1.12), 0.805 - breast.nipple / WIDTH) * WIDTH
    bottom = np.clip(breast.span * rng.normal(0.955, 0.02), 0.58, 0.85) * HEIGHT
    armpit = reach * rng.uniform(0.45, 0.80)
    neck = rng.uniform(0.10, 0.22) * bottom
    level = bottom * np.clip(rng.normal(0.64 + 0.08 * breast.sag, 0.03), 0.55, 0.76)  # of the nipple
    fold = rng.uniform(0.05, 0.16) * reach
    points = np.array(
        [
            [armpit * rng.uniform(0.96, 1.12), -12],
            [armpit * rng.uniform(0.94, 1.04), neck * 0.6],
            [armpit + 0.20 * (reach - armpit), neck + 0.18 * (level - neck)],
            [armpit + 0.66 * (reach - armpit), neck + 0.52 * (level - neck)],
            [reach, level],
            [reach * rng.uniform(0.86, 0.91), level + 0.48 * (bottom - level)],
            [reach * rng.uniform(0.56, 0.64), level + 0.86 * (bottom - level)],
            [reach * 0.30, bottom * rng.uniform(0.975, 0.99)],
            [fold, bottom * rng.uniform(0.955, 0.975)],
        ]
    )
    curve = _spline(points, 1400)
    nearest = int(np.argmin(np.hypot(curve[:, 0] - reach, curve[:, 1] - level)))
    along = np.linalg.norm(curve - curve[nearest], axis=1)
    curve[:, 0] += breast.nipple * _bump(along, 4.6)
    belly_end = min(bottom + HEIGHT * rng.uniform(0.02, 0.09), HEIGHT * 0.895)
    down = belly_end - curve[-1, 1]
    belly = np.array([[fold + 2.0, 0.22], [fold + 3.5, 0.45], [fold * 0.75, 0.85], [-8, 1.05]])
    belly[:, 1] = curve[-1, 1] + belly[:, 1] * down
    belly = _spline(np.vstack([curve[-1], belly]), 80)[1:]
    skin = np.vstack([[-20, -12], curve, belly, [-20, belly_end]])
    muscle = _pectoral(armpit, level, rng)
    upper = max(level - neck * 0.3, 20.0)
    return Outline(skin, (float(reach), float(level)), upper, float(bottom - level), rng.uniform(0.05, 0.3), muscle)


def _pectoral(armpit: float, level: float, rng: np.random.Generator) -> Points:
    """Return the polygon of the pectoral muscle.

    Its edge runs at 15–35° from vertical and ends at 50–100 % of the nipple's height.
    """
    end = level * rng.uniform(0.5, 1.0)
    top = min(end * np.tan(np.radians(rng.uniform(15, 35))), armpit * 0.92)
    down = np.linspace(0, 1, 60)
    belly = rng.uniform(-0.02, 0.10) * top * np.sin(np.pi * down)
    x = top * (1 - down) + belly
    return np.vstack([[-30, -12], [top * 1.04, -12], np.column_stack([x, end * down]), [-30, end]])


def _spline(points: Points, n: int) -> Points:
    """Return a smooth curve of n points through the given ones."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1) ** 0.5  # centripetal: no overshoot at short steps
    along = np.concatenate([[0], np.cumsum(steps)])
    return CubicSpline(along, points, bc_type="natural")(np.linspace(0, along[-1], n))
