"""Show what a split by image hides.

The original network is trained as the original work did, with images divided at random and the imbalance left as it is; and
once more with patients divided. Both then predict patients whom neither has seen.

<models>/.lessons/<store>/
    by_image/  by_patient/      a run's folder each, without an exported model
    lesson.json                 what came of it
"""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from mammo_core.dataset.stored_images import StoredImages
from mammo_core.documents.progress import Progress, ProgressCallback, ShouldStop, ignore_progress, never_stop
from mammo_core.documents.split_lesson import BY_IMAGE, BY_PATIENT, TITLES, SplitFigures, SplitLesson, SplitOutcome
from mammo_core.errors import ConfigError, DataError
from mammo_core.evaluation import metrics
from mammo_core.evaluation.bootstrap import bootstrap
from mammo_core.evaluation.intervals import rank_estimate
from mammo_core.evaluation.metrics import Ranking
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.training_state import STATE
from mammo_core.learning.callbacks.validation import predict
from mammo_core.learning.cancellation import Cancelled, StopSignal, TrainingContext
from mammo_core.learning.export_model import CHECKPOINT
from mammo_core.learning.networks import load
from mammo_core.learning.plan import TrainingPlan, steps_per_epoch
from mammo_core.learning.trainer import fit, prepare_run_folder
from mammo_core.learning.training_data import TrainingData

OWN_TEST, UNSEEN = "validation", "test"  # the parts of a plan that a lesson reports
POSITIVE_FROM = 0.5  # probability, as in the original work


def lesson_plans(plan: TrainingPlan) -> dict[str, TrainingPlan]:
    """Return the plan of each training, by the names of `TITLES`.

    Only their training images and own test images differ.

    Args:
        plan: of a split by patient.
    """
    seen = plan.split[plan.split["part"] != UNSEEN]
    size = int((seen["part"] == OWN_TEST).sum())
    _, own = train_test_split(seen.index, test_size=size, stratify=seen["label"], random_state=plan.config.seed)
    part = plan.split["part"].where(plan.split["part"] == UNSEEN, "train")
    part.loc[own] = OWN_TEST
    split = plan.split.assign(part=part)
    steps = steps_per_epoch(split.loc[part == "train", "label"].to_numpy(int), plan.config)
    return {BY_IMAGE: replace(plan, split=split, steps_per_epoch=steps), BY_PATIENT: plan}


def teach(
    plan: TrainingPlan, folder: Path, progress: ProgressCallback = ignore_progress, should_stop: ShouldStop = never_stop
) -> SplitLesson | None:
    """Train both networks, and compare what they seem to reach with what they reach.

    An interrupted lesson resumes after its last finished epoch.

    Args:
        plan: see `mammo_core.jobs.lesson.lesson_config`.
        folder: of the lesson.
        progress: called with the progress of each training.
        should_stop: checked at every step.

    Returns:
        What came of it; None if it was stopped.

    Raises:
        DataError: an image can't be read, the store has changed since the lesson began, or training diverged.
    """
    stop_signal = StopSignal(should_stop)
    images = StoredImages(plan.store, plan.split["png"].tolist())
    outcomes: dict[str, SplitOutcome] = {}
    for number, (name, own) in enumerate(lesson_plans(plan).items()):
        run = folder / name
        _open_run(own, run)
        data = TrainingData(own.split, images, selected=np.ones(len(images), bool))
        keras.utils.set_random_seed(own.config.seed)
        _, best = fit(own, data, TrainingContext(run, _of_part(progress, number, TITLES[name]), stop_signal))
        if stop_signal.is_set():
            return None
        if best.best is None:
            raise DataError("Training diverged: the loss is not a number. Try another data set.")
        progress(Progress(done=number + 1, total=len(TITLES), unit="networks", phase=f"{TITLES[name]}: predicting"))
        try:
            probability = predict(load(best.path), images, should_stop=stop_signal.is_set)
        except Cancelled:
            return None
        outcomes[name] = _compare(own.split.assign(probability=probability))
    lesson = SplitLesson(
        store=plan.store.name, epochs=plan.config.epochs, by_image=outcomes[BY_IMAGE], by_patient=outcomes[BY_PATIENT]
    )
    lesson.write(folder / SplitLesson.file_name)
    for name in TITLES:  # only the curves are shown from now on
        for weights in (CHECKPOINT, STATE):
            (folder / name / weights).unlink(missing_ok=True)
    return lesson


def _open_run(plan: TrainingPlan, run: Path) -> None:
    """Prepare the folder of a training; one of other images or settings is emptied."""
    run.mkdir(parents=True, exist_ok=True)
    try:
        prepare_run_folder(plan, run)
    except (ConfigError, DataError):
        shutil.rmtree(run)
        run.mkdir()
        prepare_run_folder(plan, run)


def _of_part(progress: ProgressCallback, number: int, title: str) -> ProgressCallback:
    """Return a callback that reports a training's progress as part of the lesson's."""

    def report(of_training: Progress) -> None:
        if of_training.phase is not None:
            phase = of_training.phase[:1].lower() + of_training.phase[1:]
            progress(of_training.model_copy(update={"phase": f"{title}: {phase}"}))
            return
        total = of_training.total * len(TITLES)
        left = of_training.seconds_left
        share = (total - of_training.total * number - of_training.done) / max(of_training.total - of_training.done, 1)
        progress(
            of_training.model_copy(
                update={
                    "done": of_training.total * number + of_training.done,
                    "total": total,
                    "seconds_left": None if left is None else left * share,
                }
            )
        )

    return report


def _compare(predicted: pd.DataFrame) -> SplitOutcome:
    """Compare figures on the own test images with those on unseen patients.

    Args:
        predicted: one row per image, with patient_id, label, part and probability.
    """
    own, unseen = (predicted[predicted["part"] == part] for part in (OWN_TEST, UNSEEN))
    trained = predicted.loc[predicted["part"] == "train", "patient_id"]
    shared = own.loc[own["patient_id"].isin(trained), "patient_id"].nunique()
    return SplitOutcome(own=_figures(own), unseen=_figures(unseen), shared_patients=int(shared))


def _figures(images: pd.DataFrame) -> SplitFigures:
    label = images["label"].to_numpy(int)
    ranking = Ranking(label, images["probability"])
    samples = bootstrap(images["patient_id"], {"auc": (ranking, metrics.auc)})
    return SplitFigures(
        images=len(images),
        positive=int(label.sum()),
        patients=int(images["patient_id"].nunique()),
        accuracy=float(((images["probability"] >= POSITIVE_FROM) == label).mean()),
        always_negative=float(1 - label.mean()),
        auc=rank_estimate(images, ranking.value(metrics.auc), samples["auc"], is_auc=True),
    )
