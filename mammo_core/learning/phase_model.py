"""Prepare the model, batches and validation of one phase of a training."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from mammo_core.dataset.splits import balance
from mammo_core.documents.training_config import BLOCKS
from mammo_core.learning._tensorflow import keras
from mammo_core.learning.callbacks.validation import positive_probability, predict
from mammo_core.learning.cancellation import StopSignal, TrainingContext, batches
from mammo_core.learning.feature_cache import ComputedFeatures, ComputedRows, FeatureBatches, cached_features
from mammo_core.learning.input_pipeline import TrainingImages, training_batches
from mammo_core.learning.lesion_targets import LesionBoxes, lesion_boxes
from mammo_core.learning.networks import (
    LESION_MAP,
    OUTPUT,
    has_lesion_map,
    split_pretrained,
    standardise_texture,
    train_head,
    unfreeze,
    with_lesion_map,
)
from mammo_core.learning.plan import Phase, TrainingPlan
from mammo_core.learning.training_data import TrainingData

FINAL_LEARNING_RATE = 0.05  # as a share of the first, at the end of the cosine
MEASURED = 512  # training images, as they are or upside down, by which texture is standardised
FROZEN = BLOCKS + 1  # lowest trainable block where none is


class PositiveAUC(keras.metrics.AUC):
    """ROC AUC of the positive class's probability, from one-hot labels."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: D102
        super().update_state(y_true[:, 1], y_pred[:, 1], sample_weight)


@dataclass(frozen=True)
class PhaseModel:
    """What one phase trains, and on what.

    Attributes:
        model: compiled; it shares its weights with the network.
        steps: batches of an epoch.
        batches: returns the batches of all epochs after a number of finished ones.
        predict_validation: see `ValidationMetrics`.
        validation_labels: int (m,), likewise.
    """

    model: keras.Model
    steps: int
    batches: Callable[[int], Any]
    predict_validation: Callable[[keras.Model], np.ndarray]
    validation_labels: np.ndarray


@contextmanager
def phase_model(
    plan: TrainingPlan,
    phase: Phase,
    network: keras.Model,
    data: TrainingData,
    context: TrainingContext,
) -> Iterator[PhaseModel]:
    """Prepare a phase; until the `with` block ends, its files lie in the run folder."""
    config, train_part = plan.config, data.indices("train")
    rows, class_weights = balance(data.labels[train_part], config.imbalance, np.random.default_rng(config.seed))
    labels, lesions = data.labels[data.indices("validation")], known_lesions(plan, network, data)
    keeps_map = keeps_lesion_map(plan, network, data)
    if has_lesion_map(network):
        texture = not config.lesion_map_only
        train_head(network, lesion_map=not keeps_map, texture=texture, images=len(train_part))
    if phase.name == "head":
        unfreeze(network, FROZEN)
    if phase.name == "head" and plan.caches_features:
        body, head = split_pretrained(network, lesion_map=lesions is not None)
        with cached_features(body, data, lesions, context.run) as cache:
            if keeps_map:
                standardise_texture(network, _some_features(cache.train, context.stop_signal))
            model = _compile(head, plan, phase)
            yield PhaseModel(
                model,
                plan.steps_per_epoch,
                lambda done: FeatureBatches(cache, rows, class_weights, config, done + 1).dataset(),
                lambda trained: predict_features(trained, cache.validation, context.stop_signal),
                labels,
            )
        return
    if phase.name == "head" and keeps_map:
        body, _ = split_pretrained(network)
        computed = ComputedFeatures(body, data.images, train_part)
        standardise_texture(network, _some_features(computed, context.stop_signal))
    if phase.name == "fine_tuning":
        unfreeze(network, FROZEN - config.fine_tuned_blocks)
    model = _compile(network if lesions is None else with_lesion_map(network), plan, phase)
    images = TrainingImages(
        plan.store.folder,
        data.table["png"].tolist(),
        data.images.shape[1:],
        data.labels,
        train_part[rows],
        class_weights,
        lesions,
        grid=(1, 1) if lesions is None else network.get_layer(LESION_MAP).output.shape[1:3],
    )
    yield PhaseModel(
        model,
        plan.steps_per_epoch,
        lambda done: training_batches(images, config, done),
        lambda trained: predict(trained, data.images, data.indices("validation"), context.stop_signal.is_set),
        labels,
    )


def _some_features(features: ComputedRows | ComputedFeatures, stop_signal: StopSignal) -> Iterator[np.ndarray]:
    """Yield batches of the features of some training images, evenly chosen.

    Half of them are upside down.

    Raises:
        Cancelled: a stop is requested.
    """
    rows = np.linspace(0, len(features) - 1, min(len(features), MEASURED), dtype=int)
    for batch in batches(rows, stop_signal.is_set):
        yield features[batch].astype(np.float32)


def keeps_lesion_map(plan: TrainingPlan, network: keras.Model, data: TrainingData) -> bool:
    """Return whether the lesion map of a start model is kept.

    Labels alone would blur what lesions have taught.
    """
    return plan.start is not None and has_lesion_map(network) and known_lesions(plan, network, data) is None


def known_lesions(plan: TrainingPlan, network: keras.Model, data: TrainingData) -> LesionBoxes | None:
    """Return the lesions that supervise the network's lesion map.

    None if lesions aren't known or aren't to be used, or the network has no such map.
    """
    if not plan.config.lesion_weight or not has_lesion_map(network):
        return None
    return lesion_boxes(data.table, plan.lesions) if plan.lesions else None


def predict_features(model: keras.Model, features: ComputedRows | np.ndarray, stop_signal: StopSignal) -> np.ndarray:
    """Return a head's probabilities of the positive class.

    float64 (n,), from features (n, h, w, c).
    """
    parts = [
        positive_probability(model, features[rows].astype(np.float32))
        for rows in batches(np.arange(len(features)), stop_signal.is_set)
    ]
    return np.concatenate(parts).astype(np.float64)


def _compile(model: keras.Model, plan: TrainingPlan, phase: Phase) -> keras.Model:
    """Compile with Adam, a cosine schedule and cross-entropy.

    The loss is that of the label, and of the lesion map if the model gives it.
    """
    steps = phase.epochs * plan.steps_per_epoch
    schedule = keras.optimizers.schedules.CosineDecay(phase.learning_rate, steps, alpha=FINAL_LEARNING_RATE)
    optimizer = keras.optimizers.Adam(schedule)
    metrics = ["accuracy", PositiveAUC(name="auc")]
    if isinstance(model.output, dict):
        model.compile(
            optimizer=optimizer,
            loss={OUTPUT: "categorical_crossentropy", LESION_MAP: keras.losses.BinaryCrossentropy(from_logits=True)},
            loss_weights={OUTPUT: 1.0, LESION_MAP: plan.config.lesion_weight},
            metrics={OUTPUT: metrics},
        )
    else:
        model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=metrics)
    _create_variables(model)
    return model


def _create_variables(model: keras.Model) -> None:
    """Create the variables of optimizer and metrics.

    TensorFlow would trace a first step that creates variables, and then the step once more: seconds for a large network.
    """
    model.optimizer.build(model.trainable_variables)
    image, label = keras.tree.map_structure(
        lambda tensor: np.zeros((1, *tensor.shape[1:]), np.float32), (model.input, model.output)
    )
    model.run_eagerly = True  # neither is this step to be traced
    model.test_on_batch(image, label)
    model.run_eagerly = False
    model.reset_metrics()
