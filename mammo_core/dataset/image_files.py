"""Find the file of each image that a data set's table lists.

Tried one after the other, for the images that are still without a file:

1. the name: <patient_id>/<image_id>.dcm, or <image_id>.dcm anywhere;
2. the table's own column of paths (such as `file_path`), whatever part of them is true here;
3. a folder that holds one image only and is named by the image_id, or in the path: as in the trees of the TCIA
   (collection/patient/study/series/1-1.dcm);
4. what the files state themselves, read in the sandbox: the UID of the image, or of its series or study with side and view,
   else patient, side and view, where only one file and one row fit.
"""

import itertools
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from mammo_core.dicom.identity import read_identities
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.storage.folders import walk
from mammo_core.storage.path_text import path_text

NEAR, FAR = 3, 8  # folders below the images' folder: in RSNA's and similar layouts, and in trees of studies and series
MAX_HEADERS = 20_000  # files whose headers are read, at some milliseconds each
PATH_COLUMNS = {
    "file", "path", "filepath", "filename", "imagefilepath", "imagepath", "imagefile", "dicompath", "dicomfilepath",
    "dicomfile", "relativepath", "fullpath", "filelocation", "anondicompath",
}  # fmt: skip
IMAGE_SUFFIXES = {".dcm", ".dicom", ""}
Statement = tuple[str | None, ...]
STATEMENTS = {  # what headers state, and the columns of the table that state the same; tried in this order
    ("instance",): ("file_id",),
    ("series",): ("file_id",),
    ("study", "laterality", "view"): ("exam_id", "laterality", "view"),
    ("patient", "laterality", "view"): ("patient_id", "laterality", "view"),
}
EXPECTED = (
    "Expected: <table>_images/<patient_id>/<image_id>.dcm beside the table, or a column file_path with their paths, or DICOM "
    "files that state which row is theirs: by a SOP Instance UID that is the image_id, or by patient, side and view."
)


@dataclass
class _Index:
    """The files in a folder and below.

    Attributes:
        root: the folder.
        by_pair: path by name of the parent folder and image_id.
        by_image: paths by image_id.
        folders: names of all folders.
        within: image files by the path of a folder, however deep below it.
        named: paths of the folders of a name.
    """

    root: Path
    by_pair: dict[tuple[str, str], str] = field(default_factory=dict)
    by_image: dict[str, list[str]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    within: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    named: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, parent: str, folders: Sequence[str], names: Sequence[str]) -> None:
        """Add the contents of one folder."""
        self.folders.update(folders)
        for name in folders:
            self.named[name].append(os.path.join(parent, name))
        for name in names:
            path = os.path.join(parent, name)
            if name.startswith(".") or (os.path.islink(path) and not os.path.isfile(path)):
                continue
            for image in _image_ids(name):
                self.by_image.setdefault(image, []).append(path)
                self.by_pair[os.path.basename(parent), image] = path
            if _may_be_image(name):
                for folder in _folders_above(path, self.root):
                    self.within[folder].append(path)

    def only_image_within(self, name: str) -> str | None:
        """Return the only image within the only folder of a name, or None."""
        folders = self.named.get(name, [])
        images = self.within.get(folders[0], []) if len(folders) == 1 else []
        return images[0] if len(images) == 1 else None


def _image_ids(name: str) -> set[str]:
    """Return what a file's name may stand for.

    It is the stem, or the full name, because a name without a suffix may contain dots (1.2.840.99.1).
    """
    stem, suffix = os.path.splitext(name.removesuffix(".gz"))
    return {name, stem} if suffix.lower() in IMAGE_SUFFIXES else {name}


def _may_be_image(name: str) -> bool:
    suffix = os.path.splitext(name.removesuffix(".gz"))[1].lower()
    return suffix in IMAGE_SUFFIXES or bool(re.fullmatch(r"\.\d+", suffix))


def _folders_above(path: str, root: Path) -> Iterator[str]:
    folder = os.path.dirname(path)
    while len(folder) > len(str(root)):
        yield folder
        folder = os.path.dirname(folder)


def find_image_files(table: pd.DataFrame, csv: Path, paths: pd.Series | None = None) -> pd.Series:
    """Return the absolute path of each image's file, missing where there is none.

    Args:
        table: one row per image: patient_id, image_id, laterality, view; and file_id, the image_id as the CSV states it,
            which may repeat in another patient's folder.
        csv: the CSV.
        paths: the table's own column of paths, or None.

    Returns:
        Text as of `path_text`, with the index of the table.
    """
    images_folder = csv.parent / f"{csv.stem}_images"
    root = images_folder if images_folder.is_dir() else csv.parent
    index = _read_folder(root, NEAR)
    matches = _by_name(table, index)
    if len(matches) < len(table) and paths is not None:
        matches |= _by_path(table[~table.index.isin(matches)], paths, (csv.parent, root))
    if len(matches) < len(table) and not _is_complete(index, matches):
        index = _read_folder(root, FAR)
        matches |= _by_name(table[~table.index.isin(matches)], index)
        matches |= _by_folder(table[~table.index.isin(matches)], index, paths)
        matches |= _by_identity(table[~table.index.isin(matches)], index, set(matches.values()))
    files = [path_text(matches[row]) if row in matches else None for row in table.index]
    return pd.Series(files, index=table.index, dtype="str")


def path_column(columns: Iterable[str]) -> str | None:
    """Return the first column whose name says that it holds the images' paths."""
    return next((name for name in columns if re.sub(r"[^a-z]", "", name.lower()) in PATH_COLUMNS), None)


def _read_folder(root: Path, depth: int) -> _Index:
    """Walk a folder once: 54,706 file system calls are slow on a network share."""
    index = _Index(root)
    for parent, folders, names in walk(root, depth):
        index.add(parent, folders, names)
    return index


def _is_complete(index: _Index, matches: Mapping[int, str]) -> bool:
    """Return whether every image file has its row, and no folder lies deeper."""
    deepest = {len(Path(path).relative_to(index.root).parts) for paths in index.named.values() for path in paths}
    images = {path for paths in index.by_image.values() for path in paths if _may_be_image(os.path.basename(path))}
    return images <= set(matches.values()) and max(deepest, default=0) <= NEAR


def _as_integers(text: str) -> tuple[str, ...]:
    """Return an identifier, and what it was before it became a number (10006.0)."""
    return (text, text[:-2]) if re.fullmatch(r"\d+\.0", text) else (text,)


def _by_name(table: pd.DataFrame, index: _Index) -> dict[int, str]:
    patients = {name for patient in table["patient_id"] for name in _as_integers(patient)}

    def belongs(path: str, patient: str) -> bool:
        """Return whether a file can belong to this patient.

        It must be in the patient's folder, if there is one, and must not be in another patient's.
        """
        within = set(Path(path).parts[len(index.root.parts) : -1])
        return patient in within if patient in index.folders else not within & patients

    matches: dict[int, str] = {}
    for row, patient_id, image_id in zip(table.index, table["patient_id"], table["file_id"], strict=True):
        for patient, image in itertools.product(_as_integers(patient_id), _as_integers(image_id)):
            path = index.by_pair.get((patient, image)) or next(
                (path for path in index.by_image.get(image, []) if belongs(path, patient)), None
            )
            if path:
                matches.setdefault(row, path)
    return matches


def _by_path(table: pd.DataFrame, paths: pd.Series, roots: Sequence[Path]) -> dict[int, str]:
    """Find files by the table's paths: as they stand, or without their first folders."""
    matches: dict[int, str] = {}
    for row, text in paths[paths.index.isin(table.index)].dropna().items():
        parts = [part for part in re.split(r"[/\\]", text.strip()) if part not in ("", ".", "..")]
        for root in dict.fromkeys(roots):
            for start in range(len(parts)):
                path = os.path.join(root, *parts[start:])
                if os.path.isfile(path):
                    matches.setdefault(row, path)
    return matches


def _by_folder(table: pd.DataFrame, index: _Index, paths: pd.Series | None) -> dict[int, str]:
    """Find files by the folder of one image that the image_id or the path names."""
    matches = {}
    for row, image_id in zip(table.index, table["file_id"], strict=True):
        text = paths.get(row) if paths is not None else None
        names = [image_id, *(reversed(re.split(r"[/\\]", text)) if isinstance(text, str) else ())]
        path = next((path for name in names if (path := index.only_image_within(name.strip()))), None)
        if path:
            matches[row] = path
    return matches


def _by_identity(table: pd.DataFrame, index: _Index, taken: set[str]) -> dict[int, str]:
    """Find files by what their headers state.

    See `STATEMENTS`. A statement counts if one file only makes it, and one row only.
    """
    images = {path for paths in index.by_image.values() for path in paths if _may_be_image(os.path.basename(path))}
    free = sorted(images - taken)
    if table.empty or not free or len(free) > MAX_HEADERS:
        return {}
    with Sandbox() as sandbox:
        headers = read_identities([Path(path) for path in free], sandbox)
    identities = {path: identity for path, identity in zip(free, headers, strict=True) if identity}
    matches: dict[int, str] = {}
    for statement, columns in STATEMENTS.items():
        if set(columns) <= set(table):
            rest, used = table[~table.index.isin(matches)], set(matches.values())
            files = _unique({path: tuple(getattr(one, name) for name in statement) for path, one in identities.items()})
            listed = list(zip(*(rest[name] for name in columns), strict=True))
            once = {key for key, count in Counter(listed).items() if count == 1}
            matches |= {
                row: path
                for row, key in zip(rest.index, listed, strict=True)
                if key in once and (path := files.get(key)) and path not in used
            }
    return matches


def _unique(statements: Mapping[str, Statement]) -> dict[Statement, str]:
    """Return the file of each complete statement that only one file makes."""
    counts = Counter(statements.values())
    return {
        statement: path for path, statement in statements.items() if counts[statement] == 1 and None not in statement
    }
