"""Migrate models of format 2: `python -m mammo_core.models.migrate FOLDER...`.

The network, the predictions and the evaluation stay as they are, byte by byte; two files and some keys of the card are renamed.
"""

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mammo_core.documents.card import ModelCard
from mammo_core.documents.report import EvaluationReport
from mammo_core.errors import DataError, MammoError, ModelError
from mammo_core.models.bundle import (
    CARD,
    EVALUATION,
    MIGRATABLE_FORMAT,
    MODEL,
    OOD_DETECTOR,
    PREDICTIONS,
    PREPROCESSING,
    TRAINING_IMAGES,
    Bundle,
    check_hashes,
    open_bundle,
    read_preprocessing,
    write_card,
)
from mammo_core.storage.atomic import write_bytes
from mammo_core.storage.json_files import read_json
from mammo_core.storage.standard_output import printable

RENAMED_FILES = {"reference.npz": OOD_DETECTOR, "learnt.parquet": TRAINING_IMAGES}
RENAMED_KEYS = {"contract": "preprocessing_identity", "heat_scale": "cam_scale"}
OLD_FILES = {MODEL, PREPROCESSING, PREDICTIONS, EVALUATION, *RENAMED_FILES}


def migrate(folder: Path) -> Bundle:
    """Turn a model folder of format 2 into one of this version.

    The old card is replaced once all files of the new model are there, and the old files are deleted last: a migration that
    is interrupted can be repeated, even if only the old files are left to delete.

    Raises:
        ModelError: the folder holds no model of format 2, or one of its files was changed.
        DataError: its report can't be read.
    """
    if _only_old_files_remain(folder):
        bundle = open_bundle(folder)
        _delete_old_files(folder)
        return bundle
    old = _read_old_card(folder)
    check_hashes(folder, old["files"])
    read_preprocessing(folder)
    EvaluationReport.read(folder / EVALUATION)
    card = _new_card(folder, old)
    for old_name, new_name in RENAMED_FILES.items():
        write_bytes(folder / new_name, (folder / old_name).read_bytes())
    bundle = write_card(folder, card)
    _delete_old_files(folder)
    return bundle


def _only_old_files_remain(folder: Path) -> bool:
    """Return whether the card is migrated while files of format 2 remain."""
    with suppress(DataError):
        ModelCard.read(folder / CARD)
        return any((folder / name).exists() for name in RENAMED_FILES)
    return False


def _delete_old_files(folder: Path) -> None:
    for name in RENAMED_FILES:
        (folder / name).unlink(missing_ok=True)


def _read_old_card(folder: Path) -> dict[str, Any]:
    """Read a card of format 2, and check its version and its list of files."""
    try:
        card = read_json(folder / CARD)
    except DataError:
        raise ModelError(f"{folder.name} holds no finished model, so there is nothing to migrate.") from None
    if not isinstance(card, dict) or card.get("format") != MIGRATABLE_FORMAT:
        raise ModelError(f"{folder.name} is not a model of format {MIGRATABLE_FORMAT}, so there is nothing to migrate.")
    if not isinstance(card.get("files"), dict) or set(card["files"]) != OLD_FILES:
        raise _foreign(folder)
    return card


def _new_card(folder: Path, old: dict[str, Any]) -> ModelCard:
    """Return the card of this version, without the hashes of its files."""
    document = {RENAMED_KEYS.get(key, key): value for key, value in old.items() if key not in ("format", "files")}
    try:
        return ModelCard.model_validate(document)
    except ValidationError:
        raise _foreign(folder) from None


def _foreign(folder: Path) -> ModelError:
    return ModelError(f"The card of the model {folder.name} isn't one that this application wrote. Train it again.")


def main() -> int:
    """Migrate the folders that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m mammo_core.models.migrate", description=__doc__.splitlines()[0])
    parser.add_argument("folders", metavar="FOLDER", type=Path, nargs="+", help="a model's folder")
    try:
        for folder in parser.parse_args().folders:
            print(printable(f"Migrated {migrate(folder.absolute()).name}."))
    except MammoError as error:
        print(printable(str(error)), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
