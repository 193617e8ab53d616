"""List, choose, rename, annotate and delete the models in a models folder."""

import re
import shutil
from contextlib import suppress
from pathlib import Path

from mammo_core.errors import DataError, ModelError
from mammo_core.models.bundle import CARD, CONTRACT, Bundle, open_bundle, write_card
from mammo_core.preprocess import PreprocessingConfig
from mammo_core.settings import SHIPPED_MODELS, settings
from mammo_core.storage.atomic import write_bytes
from mammo_core.storage.json_files import read_json, write_json

DEMO = "demo"
NOTE = "note.txt"


def model_folder(name: str) -> Path:
    """Return the folder of a model or run by name: in `MAMMO_MODELS`, else among the shipped ones.

    Raises:
        ModelError: there is none.
    """
    for parent in (settings().models, SHIPPED_MODELS):
        if name and "/" not in name and (parent / name).is_dir():
            return parent / name
    raise ModelError(f"There is no model {name!r}. These are there: {', '.join(list_models()) or 'none'}.")


def list_models() -> list[str]:
    """Return the names of the finished models: those of `MAMMO_MODELS` and the shipped demo."""
    folders = {path.parent for path in settings().models.glob(f"*/{CARD}")}
    names = {folder.name for folder in folders}
    return sorted(names | ({DEMO} if (SHIPPED_MODELS / DEMO / CARD).is_file() else set()))


def compatible_models(preprocessing: PreprocessingConfig) -> list[str]:
    """Return the names of the models that expect images of this contract, so that training can start from them."""
    wanted, names = preprocessing.to_json(), []
    for name in list_models():
        with suppress(DataError):  # the models page says what is wrong with it
            if read_json(model_folder(name) / CONTRACT) == wanted:
                names.append(name)
    return names


def active_model() -> str:
    """Return the name of the model that predicts when none is named: the activated one, else the shipped demo."""
    chosen = settings().models / "active.json"
    return read_json(chosen)["name"] if chosen.exists() else DEMO


def activate(name: str) -> None:
    """Make a model the one that predicts.

    Raises:
        ModelError: there is no such model, or its files are not sound.
    """
    open_bundle(model_folder(name))
    write_json(settings().models / "active.json", {"name": name})


def rename_model(name: str, new: str) -> None:
    """Give a model's folder another name.

    Raises:
        ModelError: it is the active or the shipped one, or the new name is taken or not usable.
    """
    folder = _own_folder(name, "renamed")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", new):
        raise ModelError(f"{new!r} is not usable as a name; take letters, digits, '.', '_' and '-'.")
    if new in list_models() or (settings().models / new).exists():
        raise ModelError(f"There is already a model {new!r}. Choose another name.")
    card = open_bundle(folder).card
    write_card(folder.rename(folder.with_name(new)), {**card, "name": new})


def read_note(name: str) -> str:
    """Return what a person noted about a model, or an empty text."""
    path = model_folder(name) / NOTE
    return path.read_text(encoding="utf-8") if path.exists() else ""


def write_note(name: str, text: str) -> None:
    """Note something about a model.

    Raises:
        ModelError: there is no such model.
    """
    write_bytes(model_folder(name) / NOTE, text.strip().encode())


def choose_operating_point(name: str, threshold: float, policy: str) -> Bundle:
    """Store another operating point in a model's card; predictions use it from then on.

    Args:
        name: of the model.
        threshold: from which a breast is recalled, in [0, 1].
        policy: how it was chosen.

    Raises:
        ModelError: the model is the shipped one, or isn't sound.
    """
    bundle = open_bundle(_own_folder(name, "changed", may_be_active=True))
    point = {**bundle.card["operating_point"], "threshold": threshold, "policy": policy}
    return write_card(bundle.folder, {**bundle.card, "operating_point": point})


def delete_model(name: str) -> None:
    """Remove a model's folder with all that is in it.

    Raises:
        ModelError: it is the active or the shipped one, or isn't there.
    """
    shutil.rmtree(_own_folder(name, "deleted"))


def _own_folder(name: str, verb: str, may_be_active: bool = False) -> Path:
    """Return the folder of a model that may be changed.

    Raises:
        ModelError: it is the shipped one, or the active one and that matters, or isn't there.
    """
    if name == active_model() and not may_be_active:
        raise ModelError(f"{name} is the active model and can't be {verb}. Activate another one first.")
    folder = model_folder(name)
    if folder == SHIPPED_MODELS / DEMO:
        raise ModelError(f"The shipped demo model can't be {verb}.")
    return folder
