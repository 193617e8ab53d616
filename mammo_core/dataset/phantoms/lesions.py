"""Cancers and their benign look-alikes: where they lie, and how they look in each view."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mammo_core.dataset.phantoms.anatomy import Breast
from mammo_core.dataset.phantoms.canvas import Canvas
from mammo_core.dataset.phantoms.texture import power_law, splat

Field = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Lesion:
    """One finding in a breast, the same in all of its views.

    Attributes:
        kind: "spiculated_mass", "irregular_mass", "asymmetry", "microcalcifications" (malignant), "round_mass",
            "coarse_calcification", "vessel_calcification" (benign).
        malignant: whether it is a cancer.
        depth: distance behind the nipple as a share of the breast's reach, 0 to 1; the same in both views.
        across_cc: position in CC from -1 (outline above the nipple) to 1.
        across_mlo: the same in oblique views.
        size_mm: largest diameter in mm, without spicules.
        contrast: height over the tissue around it, as a share of the breast's range of brightness.
        key: seeds the details.
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
    """Where a lesion lies in a view, in mm from the chest wall (x) and the top of the frame (y)."""

    left: float
    top: float
    right: float
    bottom: float
    x: float
    y: float


def plan_lesions(breast: Breast, cancer: bool) -> tuple[Lesion, ...]:
    """Draw the findings of a breast. Benign ones occur as often with a cancer as without."""
    rng = np.random.default_rng([*breast.key, 7])
    found = []
    for kind, share, sizes in (
        ("round_mass", 0.16, (8, 17)),
        ("coarse_calcification", 0.16, (1.0, 3.0)),
        ("vessel_calcification", 0.05, (20, 45)),
    ):
        if rng.random() < share:
            found.append(_place(kind, False, sizes, (0.26, 0.46), breast, len(found), rng))
    if cancer:
        kinds = rng.choice(4, p=[0.55, 0.22, 0.10, 0.13])
        kind = ("spiculated_mass", "irregular_mass", "asymmetry", "microcalcifications")[kinds]
        sizes = {"asymmetry": (16, 26), "microcalcifications": (8, 14)}.get(kind, (9, 20))
        found.append(_place(kind, True, sizes, (0.34, 0.56), breast, len(found), rng))
        if kind in ("spiculated_mass", "irregular_mass") and rng.random() < 0.27:
            mass = found[-1]
            grains = Lesion(
                "microcalcifications",
                True,
                mass.depth,
                mass.across_cc,
                mass.across_mlo,
                float(rng.uniform(6, 10)),
                0.5,
                (*breast.key, 99),
            )
            found.append(grains)
    return tuple(found)


def _place(kind: str, malignant: bool, sizes: tuple, contrasts: tuple, breast: Breast, index: int, rng) -> Lesion:
    return Lesion(
        kind=kind,
        malignant=malignant,
        depth=float(rng.uniform(0.16, 0.30 if breast.implant else 0.62)),
        across_cc=float(np.clip(rng.normal(0, 0.32), -0.62, 0.62)),
        across_mlo=float(np.clip(rng.normal(-0.08, 0.28), -0.6, 0.55)),
        size_mm=float(rng.uniform(*sizes)),
        contrast=float(rng.uniform(*contrasts)),
        key=(*breast.key, 20 + index),
    )


def draw_lesion(tissue: Field, lesion: Lesion, canvas: Canvas, view: str, rng: np.random.Generator) -> Box:
    """Add a lesion to a view's tissue (in place) and return where it lies."""
    reach = canvas.outline.nipple[0]
    x = reach * (1 - lesion.depth) + rng.normal(0, 1.5)
    across = lesion.across_cc if view == "CC" else lesion.across_mlo
    y = float(canvas.to_y(np.float32([x]), np.float32([across]))[0]) + rng.normal(0, 1.5)
    radius = lesion.size_mm / 2 * rng.uniform(0.93, 1.07)
    details = np.random.default_rng([*lesion.key, int(rng.integers(2**31))])
    extent = radius * (2.6 if lesion.kind == "spiculated_mass" else 1.9) + 3
    rows = slice(max(int((y - extent) / canvas.pitch), 0), min(int((y + extent) / canvas.pitch), canvas.shape[0]))
    columns = slice(max(int((x - extent) / canvas.pitch), 0), min(int((x + extent) / canvas.pitch), canvas.shape[1]))
    dx, dy = canvas.x[:, columns] - np.float32(x), canvas.y[rows] - np.float32(y)
    draw = {
        "spiculated_mass": _spiculated,
        "irregular_mass": _irregular,
        "asymmetry": _asymmetry,
        "microcalcifications": _grains,
        "round_mass": _round,
        "coarse_calcification": _coarse,
        "vessel_calcification": _vessel,
    }[lesion.kind]
    patch = draw(dx, dy, radius, canvas.pitch, details)
    tissue[rows, columns] += np.float32(lesion.contrast) * patch
    grown = radius * (1.35 if lesion.kind == "spiculated_mass" else 1.05)
    return Box(x - grown, y - grown, x + grown, y + grown, x, y)


def _blob(dx: Field, dy: Field, radius: float, lobes: float, sharp: float, rng: np.random.Generator) -> Field:
    """A filled, lobulated disc: 1 inside, falling to 0 at its edge, the more abruptly the larger `sharp`."""
    angle, distance = np.arctan2(dy, dx), np.hypot(dx, dy)
    edge = np.ones_like(distance)
    for order in range(2, 8):
        edge += np.float32(rng.normal(0, lobes / order**0.7)) * np.cos(order * angle + np.float32(rng.uniform(0, 6.3)))
    return 1 / (1 + (distance / (radius * np.clip(edge, 0.5, 1.6))) ** np.float32(sharp))


def _mottle(shape: tuple[int, int], depth: float, rng: np.random.Generator) -> Field:
    return 1 + np.float32(depth) * power_law((max(shape[0], 4), max(shape[1], 4)), 2.6, 2.0, rng)[: shape[0], : shape[1]]


def _spiculated(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> Field:
    """A dense irregular core with straight strands that run out of it."""
    core = _blob(dx, dy, radius * 0.86, 0.16, 5, rng) * _mottle((dy.shape[0], dx.shape[1]), 0.10, rng)
    n, steps = int(rng.integers(16, 30)), 90
    angle = rng.permutation(n) / n * 2 * np.pi + rng.normal(0, 0.12, n)
    length = radius * rng.uniform(1.2, 2.5, n)
    along = np.linspace(0.25, 1, steps)[None]
    bend = angle[:, None] + rng.normal(0, 0.16, n)[:, None] * along
    distance = length[:, None] * along
    x = (distance * np.cos(bend) - dx.min()) / pitch
    y = (distance * np.sin(bend) - dy.min()) / pitch
    weight = rng.uniform(0.35, 0.95, n)[:, None] * (1 - along) ** 0.6 * (length[:, None] * 0.75 / steps / pitch)
    shape = (dy.shape[0], dx.shape[1])
    lines = splat(x.ravel(), y.ravel(), weight.ravel(), shape, 0.38 / pitch)
    return core + lines * (1 - 0.6 * core)


def _irregular(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> Field:
    """A dense mass with a ragged, ill-defined edge."""
    return _blob(dx, dy, radius * 0.95, 0.22, 5, rng) * _mottle((dy.shape[0], dx.shape[1]), 0.12, rng)


def _asymmetry(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> Field:
    """A broad density with soft borders."""
    shape = (dy.shape[0], dx.shape[1])
    return np.float32(0.8) * _blob(dx, dy, radius * 0.8, 0.2, 3.0, rng) * _mottle(shape, 0.2, rng)


def _grains(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> Field:
    """A cluster of 8–15 fine, very bright grains of 0.2–0.5 mm in a faint haze."""
    patch = np.float32(0.35) * _blob(dx, dy, radius * 0.8, 0.2, 3.0, rng)
    for _ in range(int(rng.integers(8, 16))):
        x, y = rng.normal(0, radius * 0.45, 2)
        size = np.float32(max(rng.uniform(0.2, 0.5) / 2, pitch * 0.6))
        patch += np.float32(rng.uniform(0.9, 1.9)) * np.exp(-(((dx - x) ** 2 + (dy - y) ** 2) / size**2))
    return patch


def _round(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> Field:
    """A cyst or fibroadenoma: oval, even, with a sharp border and a thin dark halo."""
    turn, stretch = rng.uniform(0, np.pi), rng.uniform(0.75, 1.0)
    a, b = dx * np.cos(turn) + dy * np.sin(turn), (dy * np.cos(turn) - dx * np.sin(turn)) / stretch
    distance = np.hypot(a, b).astype(np.float32) / np.float32(radius)
    body = 1 / (1 + distance ** np.float32(14)) * (1 - 0.25 * np.minimum(distance, 1) ** 2)
    return body - np.float32(0.10) * np.exp(-(((distance - 1.12) / 0.07) ** 2))


def _coarse(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> Field:
    """A popcorn calcification: a few fused, very bright lumps."""
    patch = np.zeros((dy.shape[0], dx.shape[1]), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.normal(0, radius * 0.5, 2)
        size = np.float32(max(radius * rng.uniform(0.4, 0.8), pitch))
        patch = np.maximum(patch, np.float32(rng.uniform(1.2, 1.9)) * np.exp(-(((dx - x) ** 2 + (dy - y) ** 2) / size**2) ** 2))
    return patch


def _vessel(dx: Field, dy: Field, radius: float, pitch: float, rng: np.random.Generator) -> Field:
    """A calcified artery: two broken parallel rails along a wavy line."""
    s = np.linspace(-1, 1, 400)
    turn = rng.uniform(-0.5, 0.5)
    wave = 1.8 * np.sin(s * rng.uniform(4, 8) + rng.uniform(0, 6.3))
    x, y = [], []
    for side in (-0.55, 0.55):
        x.append(s * radius * np.cos(turn) - (wave + side) * np.sin(turn))
        y.append(s * radius * np.sin(turn) + (wave + side) * np.cos(turn))
    broken = np.clip(np.convolve(rng.standard_normal(800), np.ones(9) / 3, "same") + 0.4, 0, 1.4)
    weight = broken * (2 * radius / 400 / pitch)
    px, py = (np.concatenate(x) - dx.min()) / pitch, (np.concatenate(y) - dy.min()) / pitch
    return np.float32(0.9) * splat(px, py, weight, (dy.shape[0], dx.shape[1]), max(0.16 / pitch, 0.6))
