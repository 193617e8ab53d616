"""Plant known faults in a copy of a data set."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
import numpy as np
import pandas as pd

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dicom.read import read
from mammo_core.dicom.write import Header, Syntax, dicom_bytes
from mammo_core.documents.column_words import VIEWS
from mammo_core.errors import ImageError

BITS = 12
MAX_CROP = 0.05  # of rows and columns, at one side each
LOSSY_LEVEL = 45  # dB of JPEG 2000
NEW_PATIENTS = 900_000_000  # identifiers of the patients that the same images are given again

Copy = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class PlantedFaults:
    """What was planted, by image_id.

    Attributes:
        duplicates: kind of each copy, by the pair of image_ids.
        mirrored: images whose side contradicts their pixels.
        wrong_views: images whose view contradicts their pixels.
        exchanged: images whose pixels are those of another patient's image, by image_id; the value is that one's image_id.
        wrong_labels: breasts whose label was inverted, as (patient_id, laterality).
    """

    duplicates: dict[tuple[str, str], str]
    mirrored: frozenset[str]
    wrong_views: frozenset[str]
    exchanged: dict[str, str]
    wrong_labels: frozenset[tuple[str, str]]


def _reencoded(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Compress by JPEG 2000 with loss."""
    stream = imagecodecs.jpeg2k_encode(values, codecformat="j2k", level=LOSSY_LEVEL, bitspersample=BITS)
    return np.asarray(imagecodecs.jpeg2k_decode(stream)).astype(np.uint16)


def _rewindowed(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Change the contrast by a power and a sigmoid, and keep 8 bits."""
    share = values / (2**BITS - 1)
    share = share ** generator.uniform(0.6, 1.6)
    steep = generator.uniform(3.0, 7.0)
    share = 1 / (1 + np.exp(-steep * (share - generator.uniform(0.35, 0.65))))
    share = (share - share.min()) / max(float(np.ptp(share)), 1e-6)
    return (np.round(share * 255) * 16).astype(np.uint16)


def _mirrored(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return np.ascontiguousarray(values[:, ::-1])


def _cropped(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Cut off up to 5 % of the rows and columns at each side."""
    rows, columns = values.shape
    top, bottom = (int(generator.uniform(0, MAX_CROP / 2) * rows) for _ in range(2))
    left, right = (int(generator.uniform(0, MAX_CROP / 2) * columns) for _ in range(2))
    return np.ascontiguousarray(values[top : rows - bottom, left : columns - right])


COPIES: dict[str, Copy] = {
    "re-encoded": _reencoded,
    "re-windowed": _rewindowed,
    "mirrored": _mirrored,
    "cropped": _cropped,
}


@dataclass(frozen=True)
class Faults:
    """How many faults to plant.

    Attributes:
        duplicates: images that are written again under other patients, in equal parts of each kind in `COPIES`.
        flips: images whose pixels are mirrored, so that their side is wrong.
        views: images whose view is exchanged, CC for MLO.
        exchanges: images whose pixels are exchanged, two by two, between patients, for those of the same side and view.
        label_noise: share of the breasts whose label is inverted.
    """

    duplicates: int = 200
    flips: int = 40
    views: int = 40
    exchanges: int = 0
    label_noise: float = 0.0


def plant_faults(catalogue: Catalogue, out: Path, faults: Faults, seed: int = 0) -> PlantedFaults:
    """Write a data set in the RSNA layout with faults planted.

    No image has two of them. Sound images are linked, not copied.

    Args:
        catalogue: of a data set.
        out: folder of the new one.
        faults: how many.
        seed: of their choice.
    """
    generator = np.random.default_rng(seed)
    table = catalogue.table[catalogue.table["file"].notna()].reset_index(drop=True)
    chosen = _readable_images(table, generator)
    folder = out / "train_images"
    copies, pairs, changed = [], {}, {}
    for number in range(faults.duplicates):
        index, values = next(chosen)
        kind = list(COPIES)[number % len(COPIES)]
        copy = _copied_row(table.loc[index], str(NEW_PATIENTS + number), kind)
        _write(folder, copy, COPIES[kind](values, generator), "jpeg_lossless" if number % 2 else "plain")
        copies.append(copy)
        pairs[(str(table.loc[index, "image_id"]), str(copy["image_id"]))] = kind
    for _ in range(faults.flips):
        index, values = next(chosen)
        changed[index] = _mirrored(values, generator)
    mirrored = list(changed)
    called_other = [next(chosen)[0] for _ in range(faults.views)]
    exchanged = _exchange_pixels(table, chosen, faults.exchanges)
    changed |= {index: values for index, (_, values) in exchanged.items()}
    written = table.drop(columns=["file"])
    written.loc[called_other, "view"] = written.loc[called_other, "view"].map({"CC": "MLO", "MLO": "CC"})
    inverted = _invert_labels(written, faults.label_noise, generator)
    for index, row in table.iterrows():
        if index in changed:
            _write(folder, row.to_dict(), changed[int(str(index))], "jpeg_lossless")
        else:
            _link(folder, row)
    pd.concat([written, pd.DataFrame(copies)]).to_csv(out / "train.csv", index=False)
    return PlantedFaults(
        pairs,
        frozenset(table.loc[mirrored, "image_id"].astype(str)),
        frozenset(table.loc[called_other, "image_id"].astype(str)),
        {
            str(table.loc[index, "image_id"]): str(table.loc[other, "image_id"])
            for index, (other, _) in exchanged.items()
        },
        frozenset(inverted),
    )


def _readable_images(table: pd.DataFrame, generator: np.random.Generator) -> Iterator[tuple[int, np.ndarray]]:
    """Yield images of a standard view in random order, each once.

    An image is its row in the table and its values in 12 bits.
    """
    standard = table.index[table["view"].isin(VIEWS)]
    for index in generator.permutation(standard).tolist():
        with suppress(ImageError):  # demo data has damaged files on purpose
            pixels = read(Path(str(table.loc[index, "file"]))).pixels
            low, high = float(pixels.min()), float(pixels.max())
            yield index, np.round((pixels - low) / max(high - low, 1e-6) * (2**BITS - 1)).astype(np.uint16)


def _exchange_pixels(
    table: pd.DataFrame, chosen: Iterator[tuple[int, np.ndarray]], count: int
) -> dict[int, tuple[int, np.ndarray]]:
    """Return for each exchanged image the other one's row and values.

    Args:
        table: of the data set.
        chosen: images in random order.
        count: of images.
    """
    read: dict[int, np.ndarray] = {}
    fits = exchangeable(table)

    def rows() -> Iterator[int]:
        for index, values in chosen:
            if fits[index]:
                read[index] = values
                yield index

    exchanged: dict[int, tuple[int, np.ndarray]] = {}
    for first, second in exchanged_pairs(table, rows(), count):
        exchanged |= {first: (second, read[second]), second: (first, read[first])}
    return exchanged


def exchangeable(table: pd.DataFrame) -> pd.Series:
    """Return which images are CC or MLO of a breast that has both."""
    standard = table["view"].where(table["view"].isin(VIEWS))
    views = standard.groupby([table["patient_id"], table["laterality"]], observed=True).transform("nunique")
    return (views == len(VIEWS)) & standard.notna()


def exchanged_pairs(
    table: pd.DataFrame, rows: Iterable[int], count: int, alike: Sequence[str] = ("laterality", "view")
) -> Iterator[tuple[int, int]]:
    """Yield pairs of images of two patients; no patient has two of them.

    Args:
        table: of the images, with the index 0, 1, ….
        rows: exchangeable ones, in the order in which they are tried.
        count: of images.
        alike: columns in which the images of a pair are alike.
    """
    waiting: dict[tuple[str, ...], int] = {}
    taken: set[str] = set()
    for row in rows if count else ():
        patient = str(table.at[row, "patient_id"])
        if patient in taken:
            continue
        taken.add(patient)
        kind = tuple(str(table.at[row, column]) for column in alike)
        if kind not in waiting:
            waiting[kind] = row
            continue
        yield waiting.pop(kind), row
        count -= 2
        if count <= 0:
            return


def _copied_row(row: pd.Series, name: str, kind: str) -> dict[str, object]:
    """Return the row of a copy, whose patient and image have a new name."""
    copy = {**row.drop("file").to_dict(), "patient_id": name, "image_id": name}
    if kind == "mirrored":
        copy["laterality"] = {"L": "R", "R": "L"}[str(row["laterality"])]
    return copy


def _link(folder: Path, row: pd.Series) -> None:
    link = folder / str(row["patient_id"]) / f"{row['image_id']}.dcm"
    link.parent.mkdir(parents=True, exist_ok=True)
    os.symlink(os.path.realpath(str(row["file"])), link)


def _invert_labels(table: pd.DataFrame, share: float, generator: np.random.Generator) -> set[tuple[str, str]]:
    breasts = table[["patient_id", "laterality"]].drop_duplicates()
    chosen = breasts.sample(round(share * len(breasts)), random_state=generator)
    keys = {(str(patient), str(side)) for patient, side in zip(chosen["patient_id"], chosen["laterality"], strict=True)}
    inverted = [
        key in keys for key in zip(table["patient_id"].astype(str), table["laterality"].astype(str), strict=True)
    ]
    table.loc[inverted, "cancer"] = 1 - table.loc[inverted, "cancer"]
    return keys


def _write(folder: Path, row: dict[str, object], values: np.ndarray, syntax: Syntax) -> None:
    header = Header(
        patient=str(row["patient_id"]),
        image=str(row["image_id"]),
        laterality=str(row["laterality"]),
        view=str(row["view"]),
        bits=BITS,
    )
    path = folder / str(row["patient_id"]) / f"{row['image_id']}.dcm"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dicom_bytes(values, header, syntax))
