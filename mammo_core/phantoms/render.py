"""Render an image of the table.

The result is the grey levels of the stored frame, and the positions of its lesions.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from mammo_core.phantoms.anatomy import OBLIQUE, make_breast, outline
from mammo_core.phantoms.canvas import Canvas, make_canvas
from mammo_core.phantoms.lesions import Box, Lesion, draw_lesion, plan_lesions
from mammo_core.phantoms.marks import draw_border, draw_label, draw_skin_marker
from mammo_core.phantoms.spec import DemoSpec, Machine
from mammo_core.phantoms.tissue import make_tissue
from mammo_core.phantoms.tone import tone_curve

Field = npt.NDArray[np.floating]  # float32, or what NumPy promotes it to
NOISE = 6.0  # standard deviation of the detector's noise in 12-bit levels, at pixels of 0.23 mm
WORK_ROWS = 1280  # largest grid on which tissue is built; it is enlarged for finer detectors


@dataclass(frozen=True)
class RenderJob:
    """The image to render: one row of the table, and what is wrong with its file.

    Attributes:
        patient: patient_id.
        image: image_id.
        laterality: "L" or "R".
        view: "CC", "MLO", …
        density: true density class, "A" to "D".
        cancer: whether the breast has a cancer.
        implant: whether the breast has an implant.
        age: years, or None.
        machine: the machine that took the image.
        oddity: "" (none), "blank", "truncated" or "missing".
    """

    patient: int
    image: int
    laterality: str
    view: str
    density: str
    cancer: bool
    implant: bool
    age: float | None
    machine: Machine
    oddity: str = ""


@dataclass(frozen=True)
class RenderedLesion:
    """A lesion in a finished image.

    Attributes:
        lesion: the lesion.
        top, left, bottom, right: its box in pixels of the stored frame.
        row, column: its centre in pixels of the stored frame.
    """

    lesion: Lesion
    top: float
    left: float
    bottom: float
    right: float
    row: float
    column: float


@dataclass(frozen=True)
class RenderedImage:
    """A finished image.

    Attributes:
        levels: 12-bit grey levels, bright = dense, 0 = air, float32 (rows, columns), mirrored as it will be stored.
        faces_left: whether the nipple points to the left edge.
        lesions: its lesions, in pixels of `levels`.
    """

    levels: Field
    faces_left: bool
    lesions: tuple[RenderedLesion, ...]


def render(job: RenderJob, spec: DemoSpec) -> RenderedImage:
    """Render one image; the same job and spec give the same pixels in any process."""
    rng = np.random.default_rng([spec.seed, job.patient, job.image])
    breast = make_breast(spec.seed, job.patient, job.laterality, job.density, job.implant)
    pitch = spec.pixel_mm * max(1.0, spec.rows / WORK_ROWS)
    canvas = make_canvas(outline(breast, job.view, rng), pitch)
    tissue = make_tissue(canvas, breast, job.machine.style, rng)
    view = "MLO" if job.view in OBLIQUE else "CC"
    lesions = plan_lesions(breast, job.cancer)
    boxes = [draw_lesion(tissue.bright, lesion, canvas, view, rng) for lesion in lesions]
    counted = (canvas.depth > 0.3) & (tissue.muscle + tissue.implant < 0.5)
    curve = tone_curve(tissue.bright, counted, job.machine.style, job.density, rng.normal(1, 0.03))
    levels = curve.apply(tissue.bright)
    if breast.implant:
        levels += tissue.implant * (np.float32(rng.uniform(2950, 3400)) - levels * np.float32(0.95))
    levels *= np.clip(canvas.depth / np.float32(0.8), 0, 1)
    if rng.random() < 0.12:
        draw_skin_marker(levels, canvas, rng)
    frame = _to_frame(levels, canvas, spec, rng)
    faces_left = (job.laterality == "R") != (spec.nuisances and rng.random() < job.machine.wrong_side)
    if faces_left:
        frame = np.ascontiguousarray(frame[:, ::-1])
    draw_label(frame, f"{job.laterality}{'-' if job.machine.style == 'flat' else ''}{job.view}", faces_left, rng)
    if spec.nuisances and rng.random() < 0.02:
        draw_border(frame, faces_left, rng)
    in_pixels = tuple(_to_pixels(*pair, spec, faces_left) for pair in zip(lesions, boxes, strict=True))
    return RenderedImage(frame, faces_left, in_pixels)


def _to_frame(levels: Field, canvas: Canvas, spec: DemoSpec, rng: np.random.Generator) -> Field:
    """Enlarge the levels to the detector's grid, add noise and pad to the frame.

    The noise is the detector's. Air is exactly 0.
    """
    columns = min(round(canvas.shape[1] * canvas.pitch / spec.pixel_mm), spec.columns)
    if levels.shape != (spec.rows, columns):
        levels = np.asarray(Image.fromarray(levels).resize((columns, spec.rows), Image.Resampling.BICUBIC))
    sigma = np.float32(NOISE * min(0.23 / spec.pixel_mm, 2.0))  # smaller pixels catch fewer photons
    levels = levels + rng.standard_normal(levels.shape, dtype=np.float32) * sigma * (levels > 4)
    frame = np.zeros((spec.rows, spec.columns), np.float32)
    np.clip(levels, 0, 4095, out=frame[:, :columns])
    return frame


def _to_pixels(lesion: Lesion, box: Box, spec: DemoSpec, faces_left: bool) -> RenderedLesion:
    """Convert a lesion's box from mm to pixels of the stored frame."""
    scale = 1 / spec.pixel_mm
    top, bottom = np.clip([box.top * scale, box.bottom * scale], 0, spec.rows - 1)
    left, right = np.clip([box.left * scale, box.right * scale], 0, spec.columns - 1)
    column = box.x * scale
    if faces_left:
        left, right, column = spec.columns - 1 - right, spec.columns - 1 - left, spec.columns - 1 - column
    return RenderedLesion(
        lesion, float(top), float(left), float(bottom), float(right), row=box.y * scale, column=float(column)
    )
