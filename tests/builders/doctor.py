"""Inputs of the data doctor: manifests, thumbnails, reports."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from builders.geometry import geometry
from mammo_core.dataset.store import MANIFEST, Store
from mammo_core.doctor.diagnosis import diagnose
from mammo_core.documents.doctor_report import (
    DoctorReport,
    DuplicatePair,
    ImageFinding,
    Leak,
    MisfiledImage,
    SkippedCheck,
    SuspectLabel,
)
from mammo_core.documents.progress import ProgressCallback, ShouldStop, ignore_progress, never_stop


def pool_features(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return features of images of 64 × 64 pixels as the comparison network does, without TensorFlow."""
    means = images.reshape(len(images), 8, 8, 8, 8).mean(axis=(2, 4)).reshape(len(images), -1)
    return {"means": means, "suspicious": means, "lesion_contrast": means[:, 0]}


def manifest(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the manifest of a store; what a row leaves out has a usual value.

    A row may say `flipped` (whether its chest wall lies at the right of the file) and `source` (rows and columns).
    """
    table = []
    for number, row in enumerate(rows):
        flipped, source = row.get("flipped", False), row.get("source", (800, 600))
        crop = row.get("crop", (10, 0, 790, 400) if not flipped else (10, 200, 790, 600))
        table.append(
            {
                "patient_id": "1",
                "image_id": str(number),
                "laterality": "L",
                "view": "CC",
                "machine_id": "49",
                "site_id": "1",
                "age": 60.0,
                "invasive": 0,
                "label": 0,
                "png": f"negative/{number}.png",
                "sha256": f"{number:064x}",
                "geometry": geometry(source, (64, 32), crop, flipped=flipped).model_dump_json(),
                "side_marker": "illegible",
            }
            | {name: value for name, value in row.items() if name not in ("flipped", "source", "crop")}
        )
    return pd.DataFrame(table)


def thumbnail(seed: int, width: float = 40.0) -> np.ndarray:
    """Return a breast whose texture depends on the seed, uint8 (64, 64)."""
    row, column = np.mgrid[:64, :64]
    noise = np.random.default_rng(seed).normal(0, 1, (64, 64))
    smooth = sum(np.roll(noise, (down, right), (0, 1)) for down in range(3) for right in range(3))
    inside = ((row - 31.5) / 30) ** 2 + (column / width) ** 2 < 1
    return np.where(inside, np.clip(120 + 12 * np.asarray(smooth), 20, 255), 0).astype(np.uint8)


def pair(first: str = "1", second: str = "2", **attributes: Any) -> DuplicatePair:
    """Return a pair of images of the patients "a" and "b"."""
    usual = {
        "relation": "other patients",
        "confidence": 0.9,
        "reason": "The same exposure is there under two patients.",
    }
    owners = {"patient_a": "a", "patient_b": "b"}
    return DuplicatePair.model_validate({"image_a": first, "image_b": second, **usual, **owners, **attributes})


def report(store: str = "demo") -> DoctorReport:
    """Return a report with one finding of each kind."""
    return DoctorReport(
        store=store,
        checked=12,
        patients=5,
        duplicates=(pair(),),
        contradictions=(
            ImageFinding(image_id="3", reason="Called MLO.", confidence=0.8, patient_id="c", check="view"),
        ),
        misfiled=(
            MisfiledImage(
                image_id="6", patient_id="f", compared="7", nearer="8", confidence=0.85, reason="Another patient's."
            ),
        ),
        outliers=(ImageFinding(image_id="4", reason="Almost blank.", confidence=0.95, patient_id="d", check="breast"),),
        suspect_labels=(SuspectLabel(patient_id="e", laterality="L", label=1, probability=0.02, confidence=0.98),),
        leaks=(Leak(what="the machine", auc=0.6, low=0.55, high=0.65),),
        skipped=(SkippedCheck(check="side", reason="No image states its side."),),
        seconds=1.5,
    )


def report_on(store: Store, **findings: Any) -> DoctorReport:
    """Return a report that names the first images of a store, one finding of each kind that names images.

    Args:
        store: a store with at least ten images.
        findings: replace those, by field of the report.
    """
    manifest = store.manifest()
    images, patients = manifest["image_id"].astype(str).tolist(), manifest["patient_id"].astype(str).tolist()
    usual: dict[str, Any] = {
        "duplicates": (pair(images[0], images[1], patient_a=patients[0], patient_b=patients[1]),),
        "contradictions": (
            ImageFinding(
                image_id=images[2], reason="Called MLO.", confidence=0.8, patient_id=patients[2], check="view"
            ),
        ),
        "misfiled": (
            MisfiledImage(
                image_id=images[4],
                patient_id=patients[4],
                compared=images[5],
                nearer=images[9],
                nearer_patient=patients[9],
                confidence=0.85,
                reason="Another *patient's*.",
            ),
        ),
        "outliers": (
            ImageFinding(
                image_id=images[3], reason="Almost *blank*.", confidence=0.4, patient_id=patients[3], check="breast"
            ),
        ),
        "suspect_labels": (
            SuspectLabel(
                patient_id=patients[0],
                laterality=str(manifest["laterality"].iloc[0]),
                label=0,
                probability=0.9,
                confidence=0.9,
            ),
        ),
    }
    empty = report(store.name).model_copy(update={"leaks": (), "skipped": ()})
    return empty.model_copy(update=usual | findings)


def open_network(store):
    """Offer a stand-in whose features are a coarse picture of the image."""

    def run(images):
        means = np.stack([np.asarray(Image.fromarray(image).resize((8, 8)), float).ravel() for image in images])
        return {"means": means, "suspicious": means, "lesion_contrast": means[:, 0]}

    return nullcontext(run)


def check_store(
    store: Store,
    others: Sequence[Store] = (),
    progress: ProgressCallback = ignore_progress,
    should_stop: ShouldStop = never_stop,
) -> DoctorReport | None:
    """Check a store with features that need no network."""
    return diagnose(store, others, (), open_network, progress, should_stop)


def plant(store, change, **columns):
    """Add a copy of the first image to the store, with other pixels and columns; return its image_id."""
    table = store.manifest()
    row = table.iloc[[0]].assign(image_id="copy", png="negative/copy.png", sha256="f" * 64, **columns)
    pixels = np.asarray(Image.open(store.folder / table.loc[0, "png"]))
    (store.folder / "negative").mkdir(exist_ok=True)
    Image.fromarray(change(pixels)).save(store.folder / "negative" / "copy.png")
    pd.concat([table, row], ignore_index=True).to_parquet(store.folder / MANIFEST, index=False)
    return str(table.loc[0, "image_id"])


def darker(pixels):
    """Return an image as a window would darken it."""
    return (pixels * 0.8).astype(np.uint8)
