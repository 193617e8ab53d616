"""A model is a folder: weights, preprocessing contract, evaluation, and a card that vouches for all of it.

    <models>/<name>/
        model.keras         the network
        contract.json       the preprocessing that its images went through
        predictions.parquet what it said of the validation and test images
        evaluation.json     the report on them
        reference.npz       what its training images are like, so that others are known
        learnt.parquet      whom it, and the models that it started from, have learnt from
        card.json           what it is, what it was trained on, its operating point, and the SHA-256 of the files above

Loading is strict: a folder with a changed, missing or foreign file is refused.
"""

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mammo_core.errors import ConfigError, DataError, ModelError
from mammo_core.files import read_json, sha256, write_bytes, write_json
from mammo_core.preprocess import Contract
from mammo_core.settings import SHIPPED_MODELS, settings

DEMO = "demo"
CLASS_NAMES = ("negative", "positive")
MODEL, CONTRACT, PREDICTIONS, EVALUATION, REFERENCE, LEARNT, CARD = (
    "model.keras",
    "contract.json",
    "predictions.parquet",
    "evaluation.json",
    "reference.npz",
    "learnt.parquet",
    "card.json",
)
NOTE = "note.txt"
VOUCHED = (MODEL, CONTRACT, PREDICTIONS, EVALUATION, REFERENCE, LEARNT)
IMAGE = ["patient_id", "image_id"]  # what tells an image from all others, in any data set
FORMAT = 2


@dataclass(frozen=True)
class Bundle:
    """A model whose files have been checked against its card.

    Attributes:
        folder: where it lies.
        card: the card's document.
        contract: the preprocessing that it expects.
    """

    folder: Path
    card: dict[str, Any]
    contract: Contract

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def weights(self) -> Path:
        """The Keras file."""
        return self.folder / MODEL

    @property
    def threshold(self) -> float:
        """The operating point: a breast whose probability reaches it is recalled."""
        return float(self.card["operating_point"]["threshold"])

    @property
    def synthetic(self) -> bool:
        """Whether it was trained on synthetic images."""
        return bool(self.card["data"]["synthetic"])

    @property
    def identity(self) -> str:
        """The SHA-256 of the network file."""
        return self.card["files"][MODEL]

    def predictions(self) -> pd.DataFrame:
        """Return what it said of the validation and test images: patient_id, …, label, probability, part."""
        return pd.read_parquet(self.folder / PREDICTIONS)

    def validation(self) -> pd.DataFrame:
        """Return the predictions by which its operating point was chosen."""
        predictions = self.predictions()
        return predictions[predictions["part"] == "validation"].reset_index(drop=True)

    def judged(self) -> pd.DataFrame:
        """Return the predictions that its report is about."""
        predictions = self.predictions()
        return predictions[predictions["part"] == self.evaluation()["part"]].reset_index(drop=True)

    def learnt(self) -> pd.DataFrame:
        """Return whom it has learnt from, as it and the models that it started from were trained.

        Returns:
            One row an image: patient_id and image_id (text), part ("train", or "validation": it was chosen by them).
        """
        return pd.read_parquet(self.folder / LEARNT)

    def met(self, images: pd.DataFrame) -> pd.Series:
        """Return as what it has met the patient of each image: "train", else "validation", else missing.

        Patients are known by their images, for a patient's number alone may be another one's in another data set.

        Args:
            images: patient_id and image_id, one row an image.
        """
        found = self.learnt().merge(images[IMAGE].astype(str)).groupby("patient_id")["part"].min()
        return images["patient_id"].astype(str).map(found)

    def evaluation(self) -> dict[str, Any]:
        """Return its report."""
        return read_json(self.folder / EVALUATION)


def write_learnt(path: Path, split: pd.DataFrame, start: Bundle | None) -> None:
    """Write whom a model will have learnt from.

    Args:
        path: the file.
        split: patient_id, image_id and part of the images that it is trained on, one row an image.
        start: the model that it starts from.
    """
    own = split.loc[split["part"] != "test", [*IMAGE, "part"]].astype(str)
    parts = [own, start.learnt()] if start else [own]
    pd.concat(parts).groupby(IMAGE, as_index=False)["part"].min().to_parquet(path, index=False)


def write_card(folder: Path, card: dict[str, Any]) -> Bundle:
    """Complete a model folder: write the card with the hashes of the files that it vouches for.

    Raises:
        ModelError: one of those files isn't there.
    """
    lacking = [name for name in VOUCHED if not (folder / name).is_file()]
    if lacking:
        raise ModelError(f"The model {folder.name} lacks {', '.join(lacking)}; its run did not end well.")
    files = {name: sha256(folder / name) for name in VOUCHED}
    write_json(folder / CARD, {**card, "format": FORMAT, "class_names": list(CLASS_NAMES), "files": files})
    return open_bundle(folder)


def open_bundle(folder: Path) -> Bundle:
    """Open a model folder and check every file against the card.

    Raises:
        ModelError: something is missing, changed, or not of this application and this version.
    """
    if not (folder / CARD).is_file():
        raise ModelError(f"{folder.name} holds no finished model: its {CARD} is missing. Choose another, or train one.")
    try:
        card = read_json(folder / CARD)
        files = card["files"]
        if card["format"] in range(1, FORMAT):
            raise ModelError(f"The model {folder.name} was trained by an earlier version. Train it again.")
        if card["format"] != FORMAT or card["class_names"] != list(CLASS_NAMES) or set(files) != set(VOUCHED):
            raise KeyError("format")
        _ = card["operating_point"]["threshold"], card["calibration"], card["data"]["synthetic"]
    except (DataError, KeyError, TypeError):
        raise ModelError(f"The card of the model {folder.name} isn't one that this application wrote.") from None
    for name, expected in files.items():
        if not (folder / name).is_file():
            raise ModelError(
                f"The model {folder.name} is incomplete: {name} is missing. Restore the folder or train again."
            )
        if sha256(folder / name) != expected:
            raise ModelError(
                f"The model {folder.name} isn't used: {name} was changed after training. Restore the file or train again."
            )
    try:
        contract = Contract.from_json(read_json(folder / CONTRACT))
    except ConfigError as error:
        raise ModelError(f"The model {folder.name} belongs to another version: {error} Train it again.") from None
    return Bundle(folder, card, contract)


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


def compatible_models(contract: Contract) -> list[str]:
    """Return the names of the models that expect images of this contract, so that training can start from them."""
    wanted, names = contract.to_json(), []
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
