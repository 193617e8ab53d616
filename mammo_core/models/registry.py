"""List, choose, rename, annotate and delete the models of a workspace."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from mammo_core.documents.active_model import ActiveModel
from mammo_core.documents.operating_point import OperatingPoint, ThresholdChoice
from mammo_core.documents.preprocessing_config import PreprocessingConfig
from mammo_core.errors import ConfigError, DataError, InvalidName, ModelError, ModelNotFound, NameTaken
from mammo_core.models.bundle import CARD, PREPROCESSING, Bundle, open_bundle
from mammo_core.settings import SHIPPED_MODELS
from mammo_core.storage.atomic import write_bytes
from mammo_core.storage.file_errors import storage_errors
from mammo_core.storage.folders import files_of_subfolders
from mammo_core.storage.names import check_name, named_folder
from mammo_core.storage.path_text import as_written, path_text
from mammo_core.storage.trash import move_to_trash, restore_from_trash, trashed_name
from mammo_core.workspace import Workspace

DEMO = "demo"  # name of the shipped model
BACKBONES = "backbones"  # folder beside the shipped model: weights of pre-trained networks, which are no models
NOTE = "note.txt"


def model_folder(workspace: Workspace, name: str) -> Path:
    """Return the folder of a model or run, else of the shipped model of that name.

    Raises:
        ModelNotFound: there is none of that name.
    """
    with suppress(InvalidName):
        for parent in (workspace.models, SHIPPED_MODELS):
            folder = named_folder(parent, as_written(name))
            if os.path.isdir(folder) and folder.resolve() != (SHIPPED_MODELS / BACKBONES).resolve():
                return folder
    available = ", ".join(list_models(workspace)) or "none"
    raise ModelNotFound(f"There is no model {name!r}. These are available: {available}.")


def list_models(workspace: Workspace) -> list[str]:
    """Return the names of the finished models and the shipped demo, sorted."""
    names = {path_text(card.parent.name) for card in files_of_subfolders(workspace.models, CARD)}
    if (SHIPPED_MODELS / DEMO / CARD).is_file():
        names.add(DEMO)
    return sorted(names)


def compatible_models(workspace: Workspace, preprocessing: PreprocessingConfig) -> list[str]:
    """Return the names of the models with this preprocessing, as start models."""
    names = []
    for name in list_models(workspace):
        with suppress(DataError, ConfigError):  # of a damaged model, which the models page reports, or another version
            if PreprocessingConfig.read(model_folder(workspace, name) / PREPROCESSING) == preprocessing:
                names.append(name)
    return names


def active_model(workspace: Workspace) -> str:
    """Return the name of the active model; it is the demo if none was activated.

    Raises:
        DataError: the file that names it can't be read.
    """
    path = workspace.models / ActiveModel.file_name
    return ActiveModel.read(path).name if os.path.exists(path) else DEMO


def readable_active_model(workspace: Workspace) -> str | None:
    """Return the name of the active model; None if the file that names it is damaged."""
    with suppress(DataError):
        return active_model(workspace)
    return None


def activate(workspace: Workspace, name: str) -> None:
    """Make a model the active one: it predicts when none is named.

    Raises:
        ModelError: there is no such model, or one of its files was changed.
    """
    open_bundle(model_folder(workspace, name))
    ActiveModel(name=name).write(workspace.models / ActiveModel.file_name)


def rename_model(workspace: Workspace, name: str, new_name: str) -> None:
    """Rename a model: its folder and the name in its card.

    Raises:
        InvalidName: a folder can't have the new name.
        NameTaken: another model or run has the new name.
        ModelError: the model is the active or the shipped one, or one of its files was changed.
    """
    folder = _changeable_folder(workspace, name, "renamed")
    check_name(new_name)
    if new_name in list_models(workspace) or (workspace.models / new_name).exists():
        raise NameTaken(f"There is already a model {new_name!r}. Choose another name.")
    card = open_bundle(folder).card.model_copy(update={"name": new_name})
    with storage_errors(workspace.models):
        renamed = folder.rename(folder.with_name(new_name))
    card.write(renamed / CARD)


def read_note(workspace: Workspace, name: str) -> str:
    """Return the user's note on a model, or an empty text.

    Raises:
        ModelNotFound: there is no such model.
    """
    return read_note_file(model_folder(workspace, name))


def read_note_file(folder: Path) -> str:
    """Return the user's note on the model or run of a folder, or an empty text."""
    try:
        return (folder / NOTE).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"(The note can't be read: {error.strerror}.)"


def write_note(workspace: Workspace, name: str, text: str) -> None:
    """Save the user's note on a model, without white space around it.

    Raises:
        ModelNotFound: there is no such model.
    """
    write_bytes(model_folder(workspace, name) / NOTE, text.strip().encode())


def choose_operating_point(workspace: Workspace, name: str, threshold: float, policy: ThresholdChoice) -> Bundle:
    """Save another operating point in a model's card; later predictions use it.

    Args:
        workspace: the folders to work in.
        name: the model's name.
        threshold: probability in [0, 1] from which a breast is recalled.
        policy: the rule by which the threshold was chosen, or "by hand".

    Raises:
        ConfigError: the threshold is outside [0, 1], or the policy is unknown.
        ModelError: the model is the shipped one, or one of its files was changed.
    """
    try:
        point = OperatingPoint(threshold=threshold, policy=policy)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"The {first['loc'][0]} of an operating point is not usable: {first['msg']}.") from None
    bundle = open_bundle(_changeable_folder(workspace, name, "changed", may_be_active=True))
    card = bundle.card.model_copy(update={"operating_point": point})
    card.write(bundle.folder / CARD)
    return replace(bundle, card=card)


def delete_model(workspace: Workspace, name: str) -> str:
    """Move a model's folder with everything in it to the trash, in one step.

    Returns:
        What `restore_model` brings back, until the trash is emptied.

    Raises:
        ModelError: the model is the active or the shipped one, or there is none of that name.
        StorageError: the file system refuses.
    """
    return move_to_trash(_changeable_folder(workspace, name, "deleted"))


def restore_model(workspace: Workspace, trashed: str) -> str:
    """Bring a deleted model back, and return its name.

    Args:
        workspace: the folders to work in.
        trashed: see `delete_model`.

    Raises:
        ModelNotFound: the trash was emptied.
        NameTaken: another model or run has its name.
        StorageError: the file system refuses.
    """
    name = trashed_name(trashed)
    try:
        restore_from_trash(workspace.models, trashed)
    except FileNotFoundError:
        raise ModelNotFound(f"{name} can't be restored any more: the trash was emptied.") from None
    except FileExistsError:
        raise NameTaken(f"There is already a model {name!r}. Rename it, then restore this one.") from None
    return name


def _changeable_folder(workspace: Workspace, name: str, verb: str, may_be_active: bool = False) -> Path:
    """Return the folder of a model that may be changed.

    Raises:
        ModelError: the model is the shipped one, or is active and `may_be_active` is false, or there is none.
    """
    if name == active_model(workspace) and not may_be_active:
        raise ModelError(f"{name} is the active model and can't be {verb}. Activate another one first.")
    folder = model_folder(workspace, name)
    if folder.resolve() == (SHIPPED_MODELS / DEMO).resolve():
        raise ModelError(f"The shipped demo model can't be {verb}.")
    return folder


def choose_models(available: Sequence[str], rows: Sequence[int], active: str) -> list[str]:
    """Return the models in the selected rows of a table.

    Without a selection it is the active model, or else the first one.

    Args:
        available: names of the models, in the order of the table.
        rows: indices of the selected rows; those of a model that has been deleted since may be too large.
        active: name of the active model.
    """
    selected = [available[row] for row in rows if row < len(available)]
    return selected or [name for name in available if name == active] or list(available[:1])


def unfinished_models(workspace: Workspace, names: Iterable[str]) -> list[str]:
    """Return those of the names, sorted, whose run has no finished model yet."""
    return sorted(set(names) - set(list_models(workspace)))
