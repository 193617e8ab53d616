"""Ask for every setting of a training run."""

from typing import get_args

import streamlit as st
from pydantic import JsonValue

from mammo_core.documents.training_config import BLOCKS, MAX_EPOCHS, Imbalance, Network, TrainingConfig

LEARNING_RATES = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]
BATCH_SIZES = [4, 8, 16, 32, 64, 128]
RANDOM_WEIGHTS, IMAGENET_WEIGHTS = "random weights", "ImageNet weights"


def choose_settings(store: str, start_models: list[str]) -> TrainingConfig:
    """Show every setting but the store, and return the chosen ones.

    Raises:
        ConfigError: a value is outside its range.
    """
    fields = TrainingConfig.model_fields
    defaults = {name: field.default for name, field in fields.items()}
    help_texts = {name: field.description for name, field in fields.items()}
    left, middle, right = st.columns(3)
    network = left.selectbox("Network", get_args(Network), help=help_texts["network"])
    own_start = IMAGENET_WEIGHTS if network == "pretrained" else RANDOM_WEIGHTS
    start_from = left.selectbox("Start from", [own_start, *start_models], help=help_texts["start_from"])
    backbone_weights = None
    if network == "large":
        backbone_weights = left.text_input("Backbone weights", help=help_texts["backbone_weights"]).strip()
    augment = left.toggle("Data augmentation", defaults["augment"], help=help_texts["augment"])
    epochs = middle.slider("Max. epochs", 1, MAX_EPOCHS, defaults["epochs"])
    patience = middle.slider(
        "Early stopping after … epochs", 1, MAX_EPOCHS, defaults["patience"], help=help_texts["patience"]
    )
    batch_size = middle.select_slider("Batch size, images", BATCH_SIZES, defaults["batch_size"])
    learning_rate = right.select_slider(
        "Learning rate", LEARNING_RATES, defaults["learning_rate"], format_func="{:g}".format
    )
    imbalance = right.selectbox("Class imbalance", get_args(Imbalance), help=help_texts["imbalance"])
    phases = _choose_phases(epochs) if network == "pretrained" else {}
    seed = right.number_input("Seed", 0, 2**31 - 1, defaults["seed"], help=help_texts["seed"])
    validation, test = middle.columns(2)
    validation_share = validation.number_input(
        "Validation share", 0.05, 0.5, defaults["validation_share"], 0.05, help=help_texts["validation_share"]
    )
    test_share = test.number_input("Test share", 0.0, 0.5, defaults["test_share"], 0.05, help=help_texts["test_share"])
    settings: dict[str, JsonValue] = {
        "store": store,
        "network": network,
        "start_from": None if start_from == own_start else start_from,
        "backbone_weights": backbone_weights or None,
        "augment": augment,
        "epochs": epochs,
        "patience": patience,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "imbalance": imbalance,
        "seed": seed,
        "validation_share": validation_share,
        "test_share": test_share,
        **phases,
    }
    return TrainingConfig.from_settings(settings)


def _choose_phases(epochs: int) -> dict[str, JsonValue]:
    """Show the settings of a pretrained network, and return the chosen ones."""
    fields = TrainingConfig.model_fields
    left, middle, right = st.columns(3)
    head_epochs = (
        left.slider(
            "Epochs of the head",
            0,
            epochs,
            epochs // 2,
            key=f"head of {epochs}",
            help=fields["head_epochs"].description,
        )
        if epochs > 1
        else 1
    )
    blocks = middle.slider(
        "Fine-tuned blocks",
        0,
        BLOCKS,
        fields["fine_tuned_blocks"].default,
        help=fields["fine_tuned_blocks"].description,
    )
    rate = right.select_slider(
        "Learning rate of fine-tuning",
        LEARNING_RATES,
        fields["fine_tuning_rate"].default,
        format_func="{:g}".format,
        help=fields["fine_tuning_rate"].description,
    )
    weight = left.number_input(
        "Weight of lesions", 0.0, 100.0, fields["lesion_weight"].default, help=fields["lesion_weight"].description
    )
    randomise = middle.toggle("Domain randomisation", help=fields["randomise_domain"].description)
    return {
        "head_epochs": head_epochs,
        "fine_tuned_blocks": blocks,
        "fine_tuning_rate": rate,
        "lesion_weight": weight,
        "randomise_domain": randomise,
    }
