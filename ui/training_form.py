"""Every setting of a training run."""

from typing import Any, get_args

import streamlit as st

from mammo_core.learning.config import MAX_EPOCHS, Imbalance, Network, TrainingConfig

RATES = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]


def choose_settings(start_models: list[str]) -> dict[str, Any]:
    """Show every setting but the store, and return what is set, checked or not."""
    fields = TrainingConfig.model_fields
    usual = {name: field.default for name, field in fields.items()}
    left, middle, right = st.columns(3)
    network = left.selectbox("Network", get_args(Network), help=fields["network"].description)
    first = left.selectbox("Start from", ["random weights", *start_models], help=fields["start_from"].description)
    weights = None
    if network == "large":
        weights = left.text_input("Backbone weights", help=fields["backbone_weights"].description).strip()
    augment = left.toggle("Vary training images", usual["augment"], help=fields["augment"].description)
    epochs = middle.slider("Epochs, at most", 1, MAX_EPOCHS, usual["epochs"])
    patience = middle.slider("Patience, epochs", 1, MAX_EPOCHS, usual["patience"], help=fields["patience"].description)
    batch = middle.select_slider("Batch size, images", [4, 8, 16, 32, 64, 128], usual["batch_size"])
    rate = right.select_slider("Learning rate", RATES, usual["learning_rate"], format_func="{:g}".format)
    imbalance = right.selectbox("Class imbalance", get_args(Imbalance), help=fields["imbalance"].description)
    seed = right.number_input("Seed", 0, 2**31 - 1, usual["seed"], help=fields["seed"].description)
    validation, test = middle.columns(2)
    validation_share = validation.number_input(
        "Validation share", 0.05, 0.5, usual["validation_share"], 0.05, help=fields["validation_share"].description
    )
    test_share = test.number_input(
        "Test share", 0.0, 0.5, usual["test_share"], 0.05, help=fields["test_share"].description
    )
    return {
        "network": network,
        "start_from": None if first == "random weights" else first,
        "backbone_weights": weights or None,
        "augment": augment,
        "epochs": epochs,
        "patience": patience,
        "batch_size": batch,
        "learning_rate": rate,
        "imbalance": imbalance,
        "seed": seed,
        "validation_share": validation_share,
        "test_share": test_share,
    }
