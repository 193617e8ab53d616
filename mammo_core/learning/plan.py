"""Resolve a training configuration into a plan before training starts.

This doesn't load TensorFlow.
"""

import math
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from mammo_core.dataset.leave_out import UsedImages, leave_out_path, used_images
from mammo_core.dataset.lesion_annotations import read_lesions
from mammo_core.dataset.mark_lesions import read_counted_marks, with_marks
from mammo_core.dataset.marks import mark_path
from mammo_core.dataset.splits import assert_no_overlap, balance, split_fold, split_patients
from mammo_core.dataset.store import CONFIG_FILE, MANIFEST, Store, open_store
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.documents.lesions import LesionAnnotation
from mammo_core.documents.marks import Mark
from mammo_core.documents.metrics import PhaseName
from mammo_core.documents.preprocessing_config import describe_size, size_option
from mammo_core.documents.training_config import BLOCKS, IMAGENET, Imbalance, Network, TrainingConfig
from mammo_core.errors import ConfigError, DataError, MammoError
from mammo_core.learning.training_data import count_parts
from mammo_core.models.bundle import CARD, HASHED_FILES, IMAGE_KEY, Bundle, open_bundle
from mammo_core.models.registry import model_folder
from mammo_core.storage.disk_space import free_bytes
from mammo_core.storage.hashing import FileStates, file_states
from mammo_core.workspace import Workspace

MEMORY_SHARE = 0.8  # of the free memory that a training may take
BYTES_PER_PIXEL: dict[Network, int] = {  # of memory for each pixel of a batch, roughly: activations and their gradients
    "compact": 400,
    "pretrained": 1000,
    "original": 800,
    "large": 5000,
}
DISK_SHARE = 0.8  # of the free disk space that features may take
VARIANTS = 2  # of each training image whose features are kept: as it is, and upside down
MANY_IMAGES = 1000  # of a store, from which on the preset takes larger batches
FEATURE_CHANNELS, FEATURE_STEP, FEATURE_BYTES = 484, 16, 2  # of the pretrained network's body; float16
SPLIT_SETTINGS = ("seed", "validation_share", "test_share", "folds", "fold")  # that decide the split
IMBALANCE_TEXTS: dict[Imbalance, str] = {
    "oversample": "positives are oversampled to 50 %",
    "undersample": "negatives are undersampled to 50 %",
    "class_weights": "classes are weighted by the inverse of their share",
    "none": "the imbalance is left as it is",
}


@dataclass(frozen=True)
class Phase:
    """A part of a training, in which certain layers are trained.

    Attributes:
        name: "training" of all layers; or of a pretrained network's "head", and then "fine_tuning".
        epochs: at most.
        learning_rate: at its start; it falls along a cosine.
    """

    name: PhaseName
    epochs: int
    learning_rate: float


def training_phases(config: TrainingConfig) -> tuple[Phase, ...]:
    """Return the phases of a training, in their order.

    A pretrained network's head is trained first, on features that are computed once: an epoch takes seconds. Then its
    upper blocks are fine-tuned with a smaller rate.
    """
    if config.network != "pretrained":
        return (Phase("training", config.epochs, config.learning_rate),)
    head = config.head_epochs
    if head is None:
        head = config.epochs // 2 if config.fine_tuned_blocks else config.epochs
    head = min(head, config.epochs)
    phases = (
        Phase("head", head, config.learning_rate),
        Phase("fine_tuning", config.epochs - head, config.fine_tuning_rate),
    )
    return tuple(phase for phase in phases if phase.epochs)


@dataclass(frozen=True)
class PlanPreview:
    """What a run would do, as display text.

    Attributes:
        parts: part, images, patients, positive images and positive patients; one row per part that is not empty.
        steps_per_epoch: batches.
        sentence: network, start, epochs and treatment of the imbalance, in Markdown.
    """

    parts: pd.DataFrame
    steps_per_epoch: int
    sentence: str


@dataclass(frozen=True)
class TrainingPlan:
    """A resolved training configuration.

    The configuration is resolved once; preview, job and trainer all use this object.

    Attributes:
        config: the configuration.
        store: the prepared store with the images.
        start: the checked model whose weights to start from; None for random weights, or in the pretrained network those
            of ImageNet.
        split: one row per labelled image: the manifest's columns and part ("train", "validation" or "test").
        steps_per_epoch: number of batches in an epoch, with any repetitions from oversampling.
        notes: sentences on what is left out, such as a lesions.csv of another program, and on marks that count.
        caches_features: whether a pretrained network's head is trained on features that are computed once and kept on
            disk, or on the images.
        annotations: malignant lesions that the data set knows, by image_id, see `mammo_core.dataset.lesion_annotations`.
        marks: readers' marks that count as lesions, see `count_as_lesions`.
    """

    config: TrainingConfig
    store: Store
    start: Bundle | None
    split: pd.DataFrame
    steps_per_epoch: int
    notes: tuple[str, ...] = ()
    caches_features: bool = True
    annotations: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    marks: tuple[Mark, ...] = field(default=(), repr=False)

    @property
    def lesions(self) -> dict[str, pd.DataFrame]:
        """All malignant lesions that are known, by image_id."""
        return with_marks(self.annotations, self.marks)

    def describe(self) -> PlanPreview:
        """Return what the run will do, as display text."""
        counts = {part: counts.to_json() for part, counts in count_parts(self.split).items()}
        table = pd.DataFrame.from_dict(counts, orient="index").rename_axis("part").reset_index()
        table = table[table["images"] > 0].rename(columns=lambda name: name.replace("_", " "))
        config, size = self.config, describe_size(self.store.preprocessing.size)
        sentence = (
            f"The {config.network} network on images of {size} pixels, from {self._origin()}: at most "
            f"{config.epochs} epochs of {self.steps_per_epoch:,} steps, {config.batch_size} images each; {self._phases()}"
            f"{IMBALANCE_TEXTS[config.imbalance]}, in training only."
        )
        if config.refit:
            sentence += " At the end it is trained once more, on training and validation patients."
        sentence = " ".join((sentence, *self.notes))
        return PlanPreview(table, self.steps_per_epoch, sentence)

    def _phases(self) -> str:
        head, *fine_tuning = training_phases(self.config)
        if head.name != "head":
            return ""
        text = f"the first {head.epochs} train its head only" if fine_tuning else "all of them train its head only"
        text += ", on features that are computed once" if self.caches_features else ""
        if fine_tuning:
            text += f"; the others fine-tune the upper {self.config.fine_tuned_blocks} of its {BLOCKS} blocks, too"
        return f"{text}; "

    def _origin(self) -> str:
        if self.start:
            return f"the weights of {self.start.name}"
        if self.config.network == "pretrained" or self.config.backbone_weights == IMAGENET:
            return "ImageNet weights"
        if self.config.backbone_weights:
            return f"the backbone weights of {Path(self.config.backbone_weights).name}"
        return "random weights"


def resolve(workspace: Workspace, config: TrainingConfig) -> TrainingPlan:
    """Open the store, check the start model, divide the patients.

    Args:
        workspace: with the stores and models.
        config: what to do.

    Raises:
        MammoError: the store, the start model, the settings or this machine's memory don't allow it.
    """
    store = open_store(workspace, config.store)
    return _plan(workspace, config, store, _open_start_model(workspace, config.start_from), used_images(store))


def resolve_preset(workspace: Workspace, store: str, start_from: str | None) -> TrainingPlan:
    """Plan the one-click preset.

    A start model that was trained on these patients keeps its own split, so that nothing leaks. One that was trained once
    more on their validation part gives way to the model that it started from.

    Args:
        workspace: with the stores and models.
        store: name of the prepared store.
        start_from: name of a compatible model to start from, if there is one.

    Raises:
        MammoError: see `resolve`.
    """
    opened, start = open_store(workspace, store), _open_start_model(workspace, start_from)
    used = used_images(opened)
    if start is not None and _was_fitted_to_validation(start, used.table):
        with suppress(MammoError):  # it may be deleted by now: then from ImageNet
            start = _open_start_model(workspace, start.card.config.start_from)
    config = preset_config(opened, start, used.table)
    return _plan(workspace, config, opened, start if config.start_from else None, used)


def input_states(workspace: Workspace, store: str, start_from: str | None) -> FileStates:
    """Return the state of the files that a plan depends on.

    While the state stays the same, so does the plan.

    Args:
        workspace: with the stores and models.
        store: name of the prepared store.
        start_from: name of the start model, if there is one.

    Raises:
        MammoError: there is no such store or model.
    """
    opened = open_store(workspace, store)
    lesions = opened.read_csv_path().with_name(LesionAnnotation.file_name)
    marks = mark_path(workspace, opened.source())
    checked = [opened.folder / DoctorReport.file_name, leave_out_path(opened.data_root, opened.source())]
    files = [opened.folder / MANIFEST, opened.folder / CONFIG_FILE, lesions, marks, *checked]
    if start_from is not None:
        model = model_folder(workspace, start_from)
        files += [model / name for name in (CARD, *HASHED_FILES)]
    return file_states(files)


def _open_start_model(workspace: Workspace, name: str | None) -> Bundle | None:
    return None if name is None else open_bundle(model_folder(workspace, name))


def _plan(
    workspace: Workspace, config: TrainingConfig, store: Store, start: Bundle | None, used: UsedImages
) -> TrainingPlan:
    _check_settings(config)
    assert_memory(config, store)
    lesions = read_lesions(store.read_csv_path().parent)  # this also shows that source.json is readable
    if start is not None:
        _check_start_model(config, store, start)
    split = _divide(config, store, used)
    if start is not None:
        _assert_unseen(start, split)
    labels = split.loc[split["part"] == "train", "label"].to_numpy(int)
    too_large = _features_exceed_disk(workspace, config, store, split)
    counted = read_counted_marks(workspace, store.source(), split)
    notes = tuple(note for note in (*used.notes(), lesions.note, counted.note, too_large) if note)
    steps = steps_per_epoch(labels, config)
    return TrainingPlan(config, store, start, split, steps, notes, not too_large, lesions.malignant(), counted.marks)


def _check_settings(config: TrainingConfig) -> None:
    """Reject settings that contradict each other.

    Raises:
        ConfigError: which ones, and what would be possible.
    """
    if (config.folds is None) != (config.fold is None):
        raise ConfigError("folds and fold belong together: fold 2 of 5 is folds=5 and fold=2.")
    if config.backbone_weights is not None:
        if config.network != "large" or config.start_from is not None:
            raise ConfigError("Backbone weights are for the large network only, and without a model to start from.")
        if config.backbone_weights != IMAGENET and not Path(config.backbone_weights).is_file():
            raise ConfigError(f"The file of backbone weights, {config.backbone_weights}, isn't there.")


def _check_start_model(config: TrainingConfig, store: Store, start: Bundle) -> None:
    """Reject a start model of another network, or with another preprocessing.

    Raises:
        ConfigError: what differs, and what to do.
    """
    if start.preprocessing.size != store.preprocessing.size:
        raise ConfigError(
            f"{start.name} expects images of {describe_size(start.preprocessing.size)} pixels, and those of the store "
            f"{store.name} have {describe_size(store.preprocessing.size)}. Import the data again with --size "
            f"{size_option(start.preprocessing.size)}, or train without a model to start from."
        )
    if start.preprocessing != store.preprocessing:
        raise ConfigError(
            f"{start.name} expects images prepared in another way than those of the store {store.name}. "
            "Train without a model to start from."
        )
    network = start.card.network
    if network != config.network:
        raise ConfigError(
            f"{start.name} is a {network} network, not {config.network}. "
            f"Choose the network {network}, or train without a model to start from."
        )


def _divide(config: TrainingConfig, store: Store, used: UsedImages) -> pd.DataFrame:
    """Return the labelled images of a store with their part.

    Raises:
        DataError: there are no labelled images, or too few patients.
        ConfigError: a share is impossible.
    """
    with_label = used.table["label"].notna()
    labelled = used.table[with_label].reset_index(drop=True)
    if labelled.empty:
        raise DataError(f"The store {store.name} has no labelled images. Training needs a cancer column.")
    joined = labelled.assign(patient_id=used.groups[with_label].to_numpy())
    if config.folds is not None and config.fold is not None:
        part = split_fold(joined, config.folds, config.fold, config.validation_share, config.seed)
    else:
        part = split_patients(joined, config.validation_share, config.test_share, config.seed)
    split = labelled.assign(part=part)
    assert_no_overlap(split)
    return split


def assert_memory(config: TrainingConfig, store: Store) -> None:
    """Check that training on a batch fits into this machine's free memory.

    No other images are held in memory.

    Raises:
        ConfigError: it doesn't.
    """
    needed = config.batch_size * math.prod(store.preprocessing.shape) * BYTES_PER_PIXEL[config.network]
    available = psutil.virtual_memory().available
    if needed > MEMORY_SHARE * available:
        raise ConfigError(
            f"Training on {config.batch_size} images at a time takes about {needed / 2**30:.1f} GiB of memory, and "
            f"{available / 2**30:.1f} GiB are free. Close other programs, or choose a smaller batch size."
        )


def feature_bytes(store: Store, split: pd.DataFrame, *, refit: bool = False) -> int:
    """Return the disk space that the features of a pretrained network's body take.

    Args:
        store: with the images.
        split: one row per image, with part.
        refit: whether the validation part is trained on, too.
    """
    cells = math.prod(side // FEATURE_STEP for side in store.preprocessing.shape)
    training, validation = ((split["part"] == part).sum() for part in ("train", "validation"))
    images = VARIANTS * training + (VARIANTS if refit else 1) * validation
    return int(images) * cells * FEATURE_CHANNELS * FEATURE_BYTES


def _features_exceed_disk(
    workspace: Workspace, config: TrainingConfig, store: Store, split: pd.DataFrame
) -> str | None:
    """Return a sentence if the features of a head don't fit on the disk, else None."""
    if training_phases(config)[0].name != "head":
        return None
    needed, free = feature_bytes(store, split, refit=config.refit), free_bytes(workspace.models)
    if needed <= DISK_SHARE * free:
        return None
    return (
        f"The features of all images take {needed / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB of disk space are free: the head "
        "is trained on the images instead, which takes longer."
    )


def preset_config(store: Store, start: Bundle | None, manifest: pd.DataFrame) -> TrainingConfig:
    """Return the one-click preset for a store, from ImageNet weights or from a model.

    Args:
        store: the prepared store.
        start: the model to start from; ImageNet weights without.
        manifest: of the store.
    """
    images = len(manifest)
    if start is None:
        return default_preset(store.name, images=images)
    config = default_preset(store.name, start.name, start.card.network, images=images)
    if start.seen_split(manifest).isna().all():
        return config
    if _was_fitted_to_validation(start, manifest) or not _in_own_split(start, manifest):
        return default_preset(store.name, images=images)
    return config.model_copy(update={name: getattr(start.card.config, name) for name in SPLIT_SETTINGS})


def default_preset(
    store: str, start_from: str | None = None, network: Network = "pretrained", *, images: int = 0
) -> TrainingConfig:
    """Return the one-click preset: within two minutes for 600 images on two cores.

    Only the head of a pretrained network is trained, on features that are computed once. From a start model, which has a
    lesion map already, it is trained once more on the validation patients, too.

    Args:
        store: name of the prepared store.
        start_from: a compatible model to start from, if there is one; without, the features of ImageNet.
        network: of the model to start from.
        images: in the store. Where there are many, larger batches give steadier statistics and still enough steps.
    """
    if network == "pretrained":
        steps = {"batch_size": 64, "learning_rate": 5e-4} if images >= MANY_IMAGES else {}
        return TrainingConfig(
            store=store,
            network=network,
            epochs=12,
            fine_tuned_blocks=0,
            refit=start_from is not None,
            start_from=start_from,
            **steps,
        )
    return TrainingConfig(store=store, network=network, epochs=8, patience=4, learning_rate=3e-4, start_from=start_from)


def _was_fitted_to_validation(start: Bundle, images: pd.DataFrame) -> bool:
    """Return whether a model was trained on its own validation part.

    And whether that is about these images: its own split has some of them.
    """
    own = start.validation_predictions()
    return _in_own_split(start, images) and bool((start.seen_split(own) == "train").any())


def _in_own_split(start: Bundle, images: pd.DataFrame) -> bool:
    """Return whether the model's own split contains any of these images.

    The splits of models that it started from don't count.
    """
    own = start.predictions()[IMAGE_KEY].astype(str)
    return not own.merge(images[IMAGE_KEY].astype(str)).empty


def _assert_unseen(start: Bundle, split: pd.DataFrame) -> None:
    """Refuse held-out patients on whom the start model was trained.

    Otherwise the evaluation, or early stopping, would use patients that the model has already seen.

    Raises:
        ConfigError: there are such patients.
    """
    seen_split = start.seen_split(split)
    seen = ((split["part"] == "test") & seen_split.notna()) | (
        (split["part"] == "validation") & (seen_split == "train")
    )
    if not seen.any():
        return
    remedy = "Train without a model to start from."
    if _in_own_split(start, split) and not _was_fitted_to_validation(start, split):
        settings = {name: getattr(start.card.config, name) for name in SPLIT_SETTINGS}
        own = [f"{name.replace('_', ' ')} {value}" for name, value in settings.items() if value is not None]
        remedy = f"Take its own {', '.join(own)}, or train without a model to start from."
    raise ConfigError(
        f"{start.name}, or a model that it started from, has already been trained on "
        f"{split.loc[seen, 'patient_id'].nunique():,} of the patients that this run would be evaluated on. {remedy}"
    )


def steps_per_epoch(labels: np.ndarray, config: TrainingConfig) -> int:
    """Return the number of batches of an epoch once the imbalance is treated.

    Args:
        labels: of the training part, int (n,).
        config: of the run.
    """
    images, _ = balance(labels, config.imbalance, np.random.default_rng(config.seed))
    return math.ceil(len(images) / config.batch_size)
