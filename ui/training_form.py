"""Ask for every setting of a training run."""

from collections.abc import Sequence
from typing import Any, get_args

import streamlit as st
from pydantic import JsonValue

from mammo_core.documents.training_config import BLOCKS, MAX_EPOCHS, Imbalance, Network, TrainingConfig
from ui.literal import literal

LEARNING_RATES = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]
BATCH_SIZES = [4, 8, 16, 32, 64, 128]
RANDOM_WEIGHTS, IMAGENET_WEIGHTS = "random weights", "ImageNet weights"
STEPS = {"validation_share": 0.05, "test_share": 0.05}
HELP = {
    "network": """
- **pretrained**: ImageNet features, exact heatmaps; the normal choice.
- **compact**: 31 k weights, exact heatmaps.
- **original**: the baseline.
- **large**: EfficientNetV2-S; needs a GPU.
""",
    "epochs": "Passes over the training images. Training may stop earlier.",
    "start_from": "The model whose weights to start from. It must have the same network and image size.",
    "backbone_weights": "File with weights of Keras' EfficientNetV2S without its top, or imagenet, which downloads them.",
    "augment": "Flip, shift and vary the contrast of training images.",
    "patience": "Training stops after this many epochs without a better validation AUC.",
    "batch_size": "Images in one step.",
    "validation_share": "Share of patients for early stopping and calibration.",
    "test_share": "Share of patients that only the report uses.",
    "learning_rate": "Of Adam, at the start. It falls along a cosine.",
    "imbalance": "How rare positives are treated. It applies to the training part only.",
    "seed": "Seed for the split, the initial weights and all sampling.",
    "head_epochs": "The first epochs train the head only; the others fine-tune the upper blocks, too.",
    "fine_tuned_blocks": f"Upper blocks that are fine-tuned, of {BLOCKS}. 0 trains the head only.",
    "refit": "At the end, train again on training and validation patients. Calibration, threshold and validation "
    "figures stay those from before. It takes up to as long as the first training.",
    "fine_tuning_rate": "Learning rate of Adam while blocks are fine-tuned.",
    "lesion_weight": "Weight of the loss on the lesion map, where the data has lesions. 0 leaves it out.",
    "randomise_domain": "Vary contrast, sharpness, resolution and noise far more. For training on synthetic images.",
}
VERSION = "version of the form"  # in the session: another one begins with the quick start's values again


def choose_settings(start: TrainingConfig, start_models: list[str]) -> TrainingConfig:
    """Show every setting but the store, and return the chosen ones.

    Args:
        start: the quick start, the settings to begin with; settings that the form doesn't show stay as they are there.
        start_models: names of the models to start from.

    Raises:
        ConfigError: a value is outside its range.
    """
    left, middle, right = st.columns(3)
    with left:
        network = _select(start, "network", "Network", get_args(Network))
    with middle:
        epochs = _slider(start, "epochs", "Max. epochs", 1, MAX_EPOCHS)
    settings: dict[str, JsonValue] = {**start.to_json(), "network": network, "epochs": epochs}
    with left:
        settings |= _choose_start(start, network, start_models)
    with middle:
        settings |= _choose_schedule(start)
    with right:
        settings |= _choose_optimisation(start)
    if network == "pretrained":
        settings |= _choose_phases(start, epochs)
    return TrainingConfig.from_settings(settings)


def reset_settings() -> None:
    """Give every setting the quick start's value again; a button's callback."""
    st.session_state[VERSION] = st.session_state.get(VERSION, 0) + 1


def _options(start: TrainingConfig, field: str, key: str = "") -> dict[str, Any]:
    """Return key and help of a field's widget.

    The widget begins anew when the quick start changes, or the form is reset.
    """
    identity = f"{start.model_dump_json()} {st.session_state.get(VERSION, 0)}"
    return {"key": f"{field} {key} {identity}", "help": HELP.get(field)}


def _select(start: TrainingConfig, field: str, label: str, choices: Sequence[str]) -> Any:
    index = list(choices).index(getattr(start, field))
    return st.selectbox(literal(label), choices, index=index, **_options(start, field))


def _slider(start: TrainingConfig, field: str, label: str, low: int, high: int) -> int:
    return st.slider(literal(label), low, high, getattr(start, field), **_options(start, field))


def _scale(start: TrainingConfig, field: str, label: str, values: Sequence[float]) -> Any:
    """Show a slider over values, among them the quick start's."""
    value = getattr(start, field)
    choices = sorted({*values, value})
    return st.select_slider(literal(label), choices, value, format_func="{:g}".format, **_options(start, field))


def _number(start: TrainingConfig, field: str, label: str, low: float, high: float) -> Any:
    step = STEPS.get(field)
    return st.number_input(literal(label), low, high, getattr(start, field), step, **_options(start, field))


def _toggle(start: TrainingConfig, field: str, label: str) -> bool:
    return st.toggle(literal(label), getattr(start, field), **_options(start, field))


def _choose_start(start: TrainingConfig, network: Network, start_models: list[str]) -> dict[str, JsonValue]:
    """Show start, augmentation, and whether to train once more at the end."""
    own_start = IMAGENET_WEIGHTS if network == "pretrained" else RANDOM_WEIGHTS
    choices, before = [own_start, *start_models], start.start_from
    index = choices.index(before) if network == start.network and before in start_models else 0
    start_from = st.selectbox("Start from", choices, index=index, **_options(start, "start_from", network))
    backbone_weights = None
    if network == "large":
        text = st.text_input("Backbone weights", start.backbone_weights or "", **_options(start, "backbone_weights"))
        backbone_weights = text.strip()
    return {
        "start_from": None if start_from == own_start else start_from,
        "backbone_weights": backbone_weights or None,
        "augment": _toggle(start, "augment", "Data augmentation"),
        "refit": _toggle(start, "refit", "Train once more at the end"),
    }


def _choose_schedule(start: TrainingConfig) -> dict[str, JsonValue]:
    """Show patience, batch size, and the shares of patients to validate and test on."""
    patience = _slider(start, "patience", "Early stopping after … epochs", 1, MAX_EPOCHS)
    batch_size = _scale(start, "batch_size", "Batch size, images", BATCH_SIZES)
    validation, test = st.columns(2)
    with validation:
        validation_share = _number(start, "validation_share", "Validation share", 0.05, 0.5)
    with test:
        test_share = _number(start, "test_share", "Test share", 0.0, 0.5)
    return {
        "patience": patience,
        "batch_size": batch_size,
        "validation_share": validation_share,
        "test_share": test_share,
    }


def _choose_optimisation(start: TrainingConfig) -> dict[str, JsonValue]:
    """Show learning rate, treatment of the imbalance, and seed."""
    return {
        "learning_rate": _scale(start, "learning_rate", "Learning rate", LEARNING_RATES),
        "imbalance": _select(start, "imbalance", "Class imbalance", get_args(Imbalance)),
        "seed": _number(start, "seed", "Seed", 0, 2**31 - 1),
    }


def _choose_phases(start: TrainingConfig, epochs: int) -> dict[str, JsonValue]:
    """Show the settings of a pretrained network, and return the chosen ones."""
    left, middle, right = st.columns(3)
    with middle:
        blocks = _slider(start, "fine_tuned_blocks", "Fine-tuned blocks", 0, BLOCKS)
        randomise = _toggle(start, "randomise_domain", "Domain randomisation")
    with right:
        rate = _scale(start, "fine_tuning_rate", "Learning rate of fine-tuning", LEARNING_RATES)
    with left:
        usual = epochs // 2 if blocks else epochs
        before = start.head_epochs
        head = usual if before is None else min(before, epochs)
        options = _options(start, "head_epochs", f"{epochs} {usual}")
        head = st.slider("Epochs of the head", 0, epochs, head, **options) if epochs > 1 else 1
        weight = _number(start, "lesion_weight", "Weight of lesions", 0.0, 100.0)
    return {
        "head_epochs": None if head == usual and before is None else head,
        "fine_tuned_blocks": blocks,
        "fine_tuning_rate": rate,
        "lesion_weight": weight,
        "randomise_domain": randomise,
    }
