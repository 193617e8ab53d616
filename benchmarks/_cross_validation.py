"""Predict each patient of a store by methods that were fitted to other patients.

Every method uses the same patient folds. What is finished is kept in a folder and read from there the next time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mammo_core.cli.output import progress_bar, screen
from mammo_core.dataset.leave_out import used_images
from mammo_core.dataset.splits import split_fold
from mammo_core.dataset.store import Store, open_store
from mammo_core.documents.progress import Progress
from mammo_core.documents.training_config import TrainingConfig
from mammo_core.errors import ConfigError, DataError, JobError
from mammo_core.evaluation.baselines import STATISTICS, baseline_scores, image_and_age_scores, image_statistics
from mammo_core.jobs.folder import JobFolder
from mammo_core.jobs.process import run_in_process
from mammo_core.jobs.training import TrainJob
from mammo_core.learning.plan import resolve
from mammo_core.models.bundle import IMAGE_KEY, Bundle, open_bundle
from mammo_core.models.registry import DEMO, model_folder
from mammo_core.prediction.predictor import Predictor
from mammo_core.storage.atomic import atomic_path
from mammo_core.workspace import Workspace

BATCH = 64  # images per forward pass
KEPT = ("finished", "diverged")  # states of a fold that is not trained again
HEAD_ONLY = {  # as the preset
    "network": "pretrained",
    "fine_tuned_blocks": 0,
    "batch_size": 64,
    "learning_rate": 5e-4,
    "refit": True,
}
FINE_TUNING = {**HEAD_ONLY, "fine_tuned_blocks": 6}


@dataclass(frozen=True)
class CrossValidation:
    """The labelled images of a store in patient folds, and where results are kept.

    Attributes:
        workspace: with the store; its models folder holds the results, a folder each trained fold.
        store: the prepared store.
        images: one row per labelled image, as in the manifest, with label as int.
        folds: how many.
        epochs: of each training, at most; None for the project's default.
        seed: of the division into folds, of the choice of validation patients and of the trainings.
        groups: the patient of each image, see `UsedImages`.
    """

    workspace: Workspace
    store: Store
    images: pd.DataFrame
    folds: int
    epochs: int | None
    seed: int
    groups: pd.Series

    def config(self, fold: int, **settings: Any) -> TrainingConfig:
        """Return the settings of the training that leaves out a fold.

        Raises:
            ConfigError: a setting can't be used.
        """
        epochs = {} if self.epochs is None else {"epochs": self.epochs}
        return TrainingConfig.from_settings(
            {"store": self.store.name, "folds": self.folds, "fold": fold, "seed": self.seed, **epochs, **settings}
        )

    def parts(self) -> Iterator[tuple[int, pd.Series]]:
        """Yield each fold's number, from 1, and the part of each image.

        The test part is the fold itself.
        """
        for fold in range(1, self.folds + 1):
            config = self.config(fold)
            images = self.images.assign(patient_id=self.groups)
            yield fold, split_fold(images, self.folds, fold, config.validation_share, config.seed)

    def fold_of_images(self) -> pd.Series:
        """Return the number of the fold that each image is in, from 1."""
        folds = pd.Series(0, index=self.images.index)
        for fold, part in self.parts():
            folds[part == "test"] = fold
        return folds

    def shipped_model(self) -> Bundle:
        """Return the shipped model."""
        return open_bundle(model_folder(self.workspace, DEMO))


# Scores of each image, with the index of `images`: probability, and with_age for a network where ages are known.
Method = Callable[[CrossValidation], pd.DataFrame]


def open_divisions(
    workspace: Workspace, store_name: str, folds: int, divisions: int, results: Path, epochs: int | None = None
) -> list[CrossValidation]:
    """Open a store and divide its labelled images into patient folds.

    Args:
        workspace: with the store.
        store_name: of the prepared store.
        folds: how many.
        divisions: how many, at least 1, each with another seed.
        results: folder where the results of the first division are kept; those of further ones are kept in folders of it.
        epochs: of each training, at most; None for the project's default.

    Raises:
        MammoError: there is no such store, or it has too few labelled patients for so many folds.
    """
    if divisions < 1:
        raise ConfigError(f"At least one division into folds is needed, not {divisions}.")
    store = open_store(workspace, store_name)
    used = used_images(store)
    with_label = used.table["label"].notna()
    images = used.table[with_label].reset_index(drop=True)
    if images.empty:
        raise DataError(f"The store {store.name} has no labelled images. Import data with a cancer column.")
    images = images.assign(label=images["label"].astype(int))
    groups = used.groups[with_label].reset_index(drop=True)
    opened = [
        CrossValidation(
            Workspace(workspace.data, results if seed == 0 else results / f"division{seed + 1}"),
            store,
            images,
            folds,
            epochs,
            seed,
            groups,
        )
        for seed in range(divisions)
    ]
    for validation in opened:
        next(validation.parts())  # raises if the folds are impossible
    return opened


def age_alone(validation: CrossValidation) -> pd.DataFrame:
    """Predict by a logistic regression on age, fitted to the other folds.

    Raises:
        DataError: no age is known.
    """
    if "age" not in validation.images or validation.images["age"].isna().all():
        raise DataError(f"The store {validation.store.name} has no ages.")
    return _fit_baseline(validation, "age_only", validation.images[["label", "age"]])


def statistics_alone(validation: CrossValidation) -> pd.DataFrame:
    """Predict by a logistic regression on global image statistics.

    It is fitted to the other folds.
    """
    statistics = pd.concat([image_statistics(images) for images in _batches(validation)], ignore_index=True)
    return _fit_baseline(
        validation, "image_statistics", validation.images[["label"]].join(statistics[list(STATISTICS)])
    )


def _fit_baseline(validation: CrossValidation, name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Predict each fold by a baseline that was fitted to the other folds."""
    scores = pd.Series(np.nan, index=table.index)
    for _, part in validation.parts():
        test = part == "test"
        scores[test] = baseline_scores(table[test], table[~test])[name]
    return scores.to_frame("probability")


def trained(validation: CrossValidation, key: str, **settings: Any) -> pd.DataFrame:
    """Train a network for each fold and predict that fold; finished folds are read.

    Args:
        validation: the folds.
        key: how the names of the runs start.
        settings: of the training.

    Raises:
        MammoError: a training is not possible, or ended early.
    """
    jobs = [
        TrainJob(name=f"{key}-fold{fold}of{validation.folds}", config=validation.config(fold, **settings))
        for fold, _ in validation.parts()
    ]
    jobs = [job.with_plan(resolve(validation.workspace, job.config)) for job in jobs]  # all, before one starts
    folds = []
    for job, (fold, part) in zip(jobs, validation.parts(), strict=True):
        screen.print(f"{key}: fold {fold} of {validation.folds}", highlight=False)
        _train(validation.workspace, job)
        held_out = validation.images[part != "train"]
        predictions = open_bundle(job.folder(validation.workspace)).predictions()
        folds.append(_score_fold(held_out.assign(probability=_look_up(predictions, held_out, job.name)), part))
    return pd.concat(folds).sort_index()


def _train(workspace: Workspace, job: TrainJob) -> None:
    """Train, or resume training, unless the run is finished.

    Raises:
        ConfigError: the folder holds a run with other settings.
        JobError: training ended without a usable model.
    """
    folder = JobFolder(job.folder(workspace))
    if folder.exists and folder.spec(TrainJob).config != job.config:
        raise ConfigError(f"{folder.name} was trained with other settings. Choose another --out, or remove this run.")
    if not folder.exists or folder.state() not in KEPT:
        with progress_bar("steps") as progress:
            run_in_process(job, workspace, progress)
    if folder.state() != "finished":
        raise JobError(f"{folder.name} is {folder.state()}. {folder.message()}")


def _score_fold(held_out: pd.DataFrame, part: pd.Series) -> pd.DataFrame:
    """Return the scores of a fold's images, by a network alone and with age.

    Image and age are combined on the fold's validation part, as in a report.
    """
    validation, test = (held_out[part[held_out.index] == name] for name in ("validation", "test"))
    scores = test[["probability"]]
    combined = image_and_age_scores(test, validation)
    return scores if combined is None else scores.assign(with_age=combined)


def _look_up(predictions: pd.DataFrame, images: pd.DataFrame, name: str) -> np.ndarray:
    """Return the probabilities of images from a table that must hold exactly these.

    Raises:
        DataError: it holds others, so the store has changed since.
    """
    known = predictions[[*IMAGE_KEY, "probability"]].astype(dict.fromkeys(IMAGE_KEY, str))
    matched = images[IMAGE_KEY].astype(str).merge(known, how="left", on=IMAGE_KEY)
    if len(known) != len(images) or len(matched) != len(images) or matched["probability"].isna().any():
        raise DataError(f"{name} predicted other images than the store holds now. Choose another --out.")
    return matched["probability"].to_numpy(float)


def shipped_as_it_is(validation: CrossValidation) -> pd.DataFrame:
    """Predict all images by the shipped model, or read what it predicted earlier.

    Raises:
        ConfigError: the store was prepared in another way, or the model has seen its patients.
    """
    bundle, images = validation.shipped_model(), validation.images
    if bundle.preprocessing != validation.store.preprocessing:
        raise ConfigError(f"The store {validation.store.name} was prepared in another way than {bundle.name} expects.")
    if bundle.seen_split(images).notna().any():
        raise ConfigError(f"{bundle.name} was trained on patients of the store {validation.store.name}.")
    path = validation.workspace.models / f"shipped-{bundle.identity[:8]}.parquet"
    if not path.exists():
        predictor = Predictor(bundle)
        probabilities = np.concatenate([predictor.probabilities(batch) for batch in _batches(validation)])
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            images[IMAGE_KEY].assign(probability=probabilities).to_parquet(temporary)
    predicted = images.assign(probability=_look_up(pd.read_parquet(path), images, path.name))
    return pd.concat([_score_fold(predicted[part != "train"], part) for _, part in validation.parts()]).sort_index()


def shipped_retrained(validation: CrossValidation, key: str, **settings: Any) -> pd.DataFrame:
    """Train the shipped model further for each fold.

    Args:
        validation: the folds.
        key: how the names of the runs start.
        settings: of its network from its usual start, so that only the start differs.

    Raises:
        MammoError: see `trained`.
    """
    bundle = validation.shipped_model()
    if bundle.card.network != "pretrained":
        settings = {"network": bundle.card.network}
    return trained(validation, f"{key}-{bundle.identity[:8]}", start_from=DEMO, **settings)


def _batches(validation: CrossValidation) -> Iterator[np.ndarray]:
    """Yield the images of the store in batches, with a progress bar."""
    pngs = validation.images["png"].to_list()
    with progress_bar("images") as progress:
        for start in range(0, len(pngs), BATCH):
            yield validation.store.images(pngs[start : start + BATCH])
            progress(Progress(done=min(start + BATCH, len(pngs)), total=len(pngs)))


METHODS: dict[str, tuple[str, Method]] = {
    "age": ("Age alone", age_alone),
    "statistics": ("Ten global image statistics", statistics_alone),
    "original": ("Original CNN", partial(trained, key="original", network="original", refit=True)),
    "compact": ("Compact network from scratch", partial(trained, key="compact", network="compact", refit=True)),
    "frozen": ("ImageNet, frozen: head only", partial(trained, key="frozen", **HEAD_ONLY)),
    "fine_tuned": ("ImageNet, fine-tuned", partial(trained, key="fine_tuned", **FINE_TUNING)),
    "shipped": ("Shipped model as it is", shipped_as_it_is),
    "shipped_head": ("Shipped model, head only", partial(shipped_retrained, key="shipped_head", **HEAD_ONLY)),
    "shipped_fine_tuned": (
        "Shipped model, fine-tuned",
        partial(shipped_retrained, key="shipped_fine_tuned", **FINE_TUNING),
    ),
}
