"""Plan and draw lesions: cancers and their benign look-alikes, in each view."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mammo_core.phantoms.anatomy import Breast
from mammo_core.phantoms.canvas import Canvas
from mammo_core.phantoms.texture import power_law, splat

Field = npt.NDArray[np.floating]  # float32, or what NumPy promotes it to

BENIGN = (("round_mass", 0.15), ("coarse_calcification", 0.16), ("vessel_calcification", 0.05))  # shares of breasts
MALIGNANT = (("spiculated_mass", 0.56), ("irregular_mass", 0.20), ("asymmetry", 0.08), ("microcalcifications", 0.16))
SIZES_MM = {
    "spiculated_mass": (11, 20),
    "irregular_mass": (11, 20),
    "asymmetry": (18, 28),
    "microcalcifications": (7, 10),
    "round_mass": (8, 18),
    "coarse_calcification": (1.0, 3.0),
    "vessel_calcification": (20, 45),
}
CONTRASTS = {  # above the brightest tissue, as a share of the range from fat to brightest tissue
    "spiculated_mass": (0.20, 0.60),
    "irregular_mass": (0.20, 0.60),
    "asymmetry": (0.0, 0.25),
    "microcalcifications": (-0.10, 0.1),
    "round_mass": (-0.15, 0.35),
    "coarse_calcification": (0.7, 1.2),
    "vessel_calcification": (0.0, 0.0),
}
THINNING = {"spiculated_mass": 0.5, "irregular_mass": 0.4}  # share by which tissue around a cancer is thinned


@dataclass(frozen=True)
class Lesion:
    """One lesion of a breast, the same in all views.

    Attributes:
        kind: "spiculated_mass", "irregular_mass", "asymmetry", "microcalcifications" (malignant), "round_mass",
            "coarse_calcification", "vessel_calcification" (benign).
        malignant: whether it is a cancer.
        depth: distance behind the nipple as a share of the breast's reach, 0 to 1; the same in both views.
        across_cc: position in CC from -1 (outline above the nipple) to 1.
        across_mlo: the same in oblique views.
        size_mm: largest diameter in mm, without spicules.
        contrast: its brightness relative to tissue, see `CONTRASTS`.
        key: seed of the details.
    """

    kind: str
    malignant: bool
    depth: float
    across_cc: float
    across_mlo: float
    size_mm: float
    contrast: float
    key: tuple[int, ...]


@dataclass(frozen=True)
class Box:
    """The box and centre of a lesion in a view.

    Coordinates are mm from the chest wall (x) and from the top of the frame (y).
    """

    left: float
    top: float
    right: float
    bottom: float
    x: float
    y: float


def plan_lesions(breast: Breast, cancer: bool) -> tuple[Lesion, ...]:
    """Choose the lesions of a breast at random.

    Benign ones are as frequent with a cancer as without.
    """
    rng = np.random.default_rng([*breast.key, 7])
    lesions = [
        _draw(kind, False, breast, index, rng) for index, (kind, share) in enumerate(BENIGN) if rng.random() < share
    ]
    if cancer:
        kinds, shares = [kind for kind, _ in MALIGNANT], [share for _, share in MALIGNANT]
        main = _draw(kinds[rng.choice(len(kinds), p=shares)], True, breast, len(BENIGN), rng)
        lesions.append(main)
        if main.kind in ("spiculated_mass", "irregular_mass") and rng.random() < 0.25:
            grains = replace(main, kind="microcalcifications", size_mm=8.0, key=(*breast.key, 99))
            lesions.append(grains)
    return tuple(lesions)


def _draw(kind: str, malignant: bool, breast: Breast, index: int, rng: np.random.Generator) -> Lesion:
    return Lesion(
        kind=kind,
        malignant=malignant,
        depth=float(rng.uniform(0.16, 0.30 if breast.implant else 0.62)),
        across_cc=float(np.clip(rng.normal(0, 0.32), -0.62, 0.62)),
        across_mlo=float(np.clip(rng.normal(-0.08, 0.28), -0.6, 0.55)),
        size_mm=float(rng.uniform(*SIZES_MM[kind])),
        contrast=float(rng.uniform(*CONTRASTS[kind])),
        key=(*breast.key, 20 + index),
    )


def draw_lesion(tissue: Field, lesion: Lesion, canvas: Canvas, view: str, rng: np.random.Generator) -> Box:
    """Draw a lesion into a view's tissue (in place) and return its box."""
    reach = canvas.outline.nipple[0]
    x = reach * (1 - lesion.depth) + rng.normal(0, 1.5)
    across = lesion.across_cc if view == "CC" else lesion.across_mlo
    y = float(canvas.to_y(np.array([x], np.float32), np.array([across], np.float32))[0]) + rng.normal(0, 1.5)
    radius = lesion.size_mm / 2 * rng.uniform(0.93, 1.07)
    extent = radius * 3 + 3
    rows = slice(max(int((y - extent) / canvas.pitch), 0), min(int((y + extent) / canvas.pitch), canvas.shape[0]))
    columns = slice(max(int((x - extent) / canvas.pitch), 0), min(int((x + extent) / canvas.pitch), canvas.shape[1]))
    dx, dy = canvas.x[:, columns] - np.float32(x), canvas.y[rows] - np.float32(y)
    details = np.random.default_rng([*lesion.key, int(rng.integers(2**31))])
    body, lines = DRAW_KIND[lesion.kind](dx, dy, radius, canvas.pitch, details)
    low, high = np.quantile(tissue[::8, ::8][canvas.depth[::8, ::8] > 8], [0.5, 0.97])
    level = np.float32(high + lesion.contrast * (high - low))
    patch = tissue[rows, columns]
    if lesion.kind in THINNING:  # a cancer retracts the tissue around it
        ring = np.exp(-(((np.hypot(dx, dy) / np.float32(radius) - 1.5) / 0.55) ** 2))
        patch = patch - np.float32(THINNING[lesion.kind]) * ring * np.maximum(patch - np.float32(low), 0)
    tissue[rows, columns] = patch * (1 - body) + body * level + lines * np.float32(high - low)
    grown = radius * (1.35 if lesion.kind == "spiculated_mass" else 1.05)
    return Box(x - grown, y - grown, x + grown, y + grown, x, y)


def _blob(dx: Field, dy: Field, radius: float, lobes: float, sharp: float, rng: np.random.Generator) -> Field:
    """Return a filled, lobulated disc: 1 inside, falling to 0 at the edge.

    The larger `sharp`, the steeper the fall.
    """
    angle, distance = np.arctan2(dy, dx), np.hypot(dx, dy)
    edge = np.ones_like(distance)
    for order in range(2, 8):
        edge += np.float32(rng.normal(0, lobes / order**0.7)) * np.cos(order * angle + np.float32(rng.uniform(0, 6.3)))
    return 1 / (1 + (distance / (radius * np.clip(edge, 0.5, 1.6))) ** np.float32(sharp))


def _mottle(shape: tuple[int, int], depth: float, rng: np.random.Generator) -> Field:
    """Return random factors around 1, so that no lesion is uniform.

    Their standard deviation is `depth`.
    """
    noise = power_law((max(shape[0], 4), max(shape[1], 4)), 2.6, 2.0, rng)
    return 1 + np.float32(depth) * noise[: shape[0], : shape[1]]


def _spiculated(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return a dense irregular core with straight strands radiating from it."""
    shape = (dy.shape[0], dx.shape[1])
    core = _blob(dx, dy, radius * 0.88, 0.13, 6, rng) * np.clip(_mottle(shape, 0.06, rng), 0, 1.1)
    n, steps = int(rng.integers(15, 28)), 90
    angle = rng.permutation(n) / n * 2 * np.pi + rng.normal(0, 0.2, n)
    length = radius * rng.uniform(1.4, 2.7, n)
    along = np.linspace(0.25, 1, steps)[None]
    bend = angle[:, None] + rng.normal(0, 0.16, n)[:, None] * along
    distance = length[:, None] * along
    x = (distance * np.cos(bend) - dx.min()) / pitch
    y = (distance * np.sin(bend) - dy.min()) / pitch
    weight = rng.uniform(0.30, 0.95, n)[:, None] * (1 - along) ** 0.6 * (length[:, None] * 0.75 / steps / pitch)
    lines = splat(x.ravel(), y.ravel(), weight.ravel(), shape, max(0.40 / pitch, 0.6))
    return core, lines * (1 - core)


def _irregular(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return a dense mass with a ragged, ill-defined edge."""
    shape = (dy.shape[0], dx.shape[1])
    body = _blob(dx, dy, radius * 0.95, 0.24, 5, rng) * np.clip(_mottle(shape, 0.08, rng), 0, 1.1)
    return body, np.zeros_like(body)


def _asymmetry(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return a broad density with soft borders."""
    shape = (dy.shape[0], dx.shape[1])
    body = np.float32(0.85) * _blob(dx, dy, radius * 0.85, 0.2, 3.5, rng) * np.clip(_mottle(shape, 0.15, rng), 0, 1.1)
    return body, np.zeros_like(body)


def _grains(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return a cluster of 8–15 fine, very bright grains of 0.2–0.5 mm in a faint haze."""
    body = np.float32(0.5) * _blob(dx, dy, radius * 0.85, 0.2, 3.0, rng)
    lines = np.zeros_like(body)
    for _ in range(int(rng.integers(8, 16))):
        x, y = rng.normal(0, radius * 0.45, 2)
        size = np.float32(max(rng.uniform(0.2, 0.5) / 2, pitch * 0.7))
        lines += np.float32(rng.uniform(1.2, 2.4)) * np.exp(-(((dx - x) ** 2 + (dy - y) ** 2) / size**2))
    return body, lines


def _round(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return a cyst or fibroadenoma: oval, uniform and sharply bordered.

    A thin dark halo surrounds it.
    """
    angle, stretch = rng.uniform(0, np.pi), rng.uniform(0.75, 1.0)
    a, b = dx * np.cos(angle) + dy * np.sin(angle), (dy * np.cos(angle) - dx * np.sin(angle)) / stretch
    distance = np.hypot(a, b).astype(np.float32) / np.float32(radius)
    body = np.float32(0.92) / (1 + distance ** np.float32(14))
    halo = np.exp(-(((distance - 1.12) / 0.07) ** 2)) + np.minimum(distance, 1) ** 2 * body
    return body, np.float32(-0.10) * halo


def _coarse(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return a popcorn calcification: a few fused, very bright lumps."""
    body = np.zeros((dy.shape[0], dx.shape[1]), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.normal(0, radius * 0.5, 2)
        size = np.float32(max(radius * rng.uniform(0.4, 0.8), pitch))
        lump = np.exp(-((((dx - x) ** 2 + (dy - y) ** 2) / size**2) ** 2))
        body = np.maximum(body, np.float32(rng.uniform(0.7, 1.0)) * lump)
    return body, np.zeros_like(body)


def _vessel(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return a calcified artery: two broken parallel rails along a wavy line."""
    s = np.linspace(-1, 1, 400)
    angle = rng.uniform(-0.5, 0.5)
    wave = 1.8 * np.sin(s * rng.uniform(4, 8) + rng.uniform(0, 6.3))
    x, y = [], []
    for side in (-0.55, 0.55):
        x.append(s * radius * np.cos(angle) - (wave + side) * np.sin(angle))
        y.append(s * radius * np.sin(angle) + (wave + side) * np.cos(angle))
    broken = np.clip(np.convolve(rng.standard_normal(800), np.ones(9) / 3, "same") + 0.4, 0, 1.4)
    weight = broken * (2 * radius / 400 / pitch)
    px, py = (np.concatenate(x) - dx.min()) / pitch, (np.concatenate(y) - dy.min()) / pitch
    lines = np.float32(0.9) * splat(px, py, weight, (dy.shape[0], dx.shape[1]), max(0.16 / pitch, 0.6))
    return np.zeros_like(lines), lines


DRAW_KIND = {
    "spiculated_mass": _spiculated,
    "irregular_mass": _irregular,
    "asymmetry": _asymmetry,
    "microcalcifications": _grains,
    "round_mass": _round,
    "coarse_calcification": _coarse,
    "vessel_calcification": _vessel,
}
