"""Ask for every setting of a training run."""

from typing import get_args

import streamlit as st
from pydantic import JsonValue

from mammo_core.documents.training_config import BLOCKS, MAX_EPOCHS, Imbalance, Network, TrainingConfig

LEARNING_RATES = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]
BATCH_SIZES = [4, 8, 16, 32, 64, 128]
RANDOM_WEIGHTS, IMAGENET_WEIGHTS = "random weights", "ImageNet weights"
FIELDS = TrainingConfig.model_fields  # with defaults and help texts


def choose_settings(store: str, start_models: list[str]) -> TrainingConfig:
    """Show every setting but the store, and return the chosen ones.

    Raises:
        ConfigError: a value is outside its range.
    """
    left, middle, right = st.columns(3)
    network = left.selectbox("Network", get_args(Network), help=FIELDS["network"].description)
    epochs = middle.slider("Max. epochs", 1, MAX_EPOCHS, FIELDS["epochs"].default)
    settings: dict[str, JsonValue] = {"store": store, "network": network, "epochs": epochs}
    with left:
        settings |= _choose_start(network, start_models)
    with middle:
        settings |= _choose_schedule()
    with right:
        settings |= _choose_optimisation()
    if network == "pretrained":
        settings |= _choose_phases(epochs)
    return TrainingConfig.from_settings(settings)


def _choose_start(network: Network, start_models: list[str]) -> dict[str, JsonValue]:
    """Show where the weights come from and how images are varied."""
    own_start = IMAGENET_WEIGHTS if network == "pretrained" else RANDOM_WEIGHTS
    start_from = st.selectbox("Start from", [own_start, *start_models], help=FIELDS["start_from"].description)
    backbone_weights = None
    if network == "large":
        backbone_weights = st.text_input("Backbone weights", help=FIELDS["backbone_weights"].description).strip()
    augment = st.toggle("Data augmentation", FIELDS["augment"].default, help=FIELDS["augment"].description)
    return {
        "start_from": None if start_from == own_start else start_from,
        "backbone_weights": backbone_weights or None,
        "augment": augment,
    }


def _choose_schedule() -> dict[str, JsonValue]:
    """Show patience, batch size, and the shares of patients to validate and test on."""
    patience = st.slider(
        "Early stopping after … epochs",
        1,
        MAX_EPOCHS,
        FIELDS["patience"].default,
        help=FIELDS["patience"].description,
    )
    batch_size = st.select_slider("Batch size, images", BATCH_SIZES, FIELDS["batch_size"].default)
    validation, test = st.columns(2)
    validation_share = validation.number_input(
        "Validation share",
        0.05,
        0.5,
        FIELDS["validation_share"].default,
        0.05,
        help=FIELDS["validation_share"].description,
    )
    test_share = test.number_input(
        "Test share", 0.0, 0.5, FIELDS["test_share"].default, 0.05, help=FIELDS["test_share"].description
    )
    return {
        "patience": patience,
        "batch_size": batch_size,
        "validation_share": validation_share,
        "test_share": test_share,
    }


def _choose_optimisation() -> dict[str, JsonValue]:
    """Show learning rate, treatment of the imbalance, and seed."""
    learning_rate = st.select_slider(
        "Learning rate", LEARNING_RATES, FIELDS["learning_rate"].default, format_func="{:g}".format
    )
    imbalance = st.selectbox("Class imbalance", get_args(Imbalance), help=FIELDS["imbalance"].description)
    seed = st.number_input("Seed", 0, 2**31 - 1, FIELDS["seed"].default, help=FIELDS["seed"].description)
    return {"learning_rate": learning_rate, "imbalance": imbalance, "seed": seed}


def _choose_phases(epochs: int) -> dict[str, JsonValue]:
    """Show the settings of a pretrained network, and return the chosen ones."""
    left, middle, right = st.columns(3)
    head_epochs = (
        left.slider(
            "Epochs of the head",
            0,
            epochs,
            epochs // 2,
            key=f"head of {epochs}",
            help=FIELDS["head_epochs"].description,
        )
        if epochs > 1
        else 1
    )
    blocks = middle.slider(
        "Fine-tuned blocks",
        0,
        BLOCKS,
        FIELDS["fine_tuned_blocks"].default,
        help=FIELDS["fine_tuned_blocks"].description,
    )
    rate = right.select_slider(
        "Learning rate of fine-tuning",
        LEARNING_RATES,
        FIELDS["fine_tuning_rate"].default,
        format_func="{:g}".format,
        help=FIELDS["fine_tuning_rate"].description,
    )
    weight = left.number_input(
        "Weight of lesions", 0.0, 100.0, FIELDS["lesion_weight"].default, help=FIELDS["lesion_weight"].description
    )
    randomise = middle.toggle("Domain randomisation", help=FIELDS["randomise_domain"].description)
    return {
        "head_epochs": head_epochs,
        "fine_tuned_blocks": blocks,
        "fine_tuning_rate": rate,
        "lesion_weight": weight,
        "randomise_domain": randomise,
    }
