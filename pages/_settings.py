"""Every setting of a training run, as a form."""

import streamlit as st

from mammo_core.learning.config import MAX_EPOCHS, TrainingConfig
from pages._session import errors_shown


def settings_form(store: str, start_models: list[str]) -> TrainingConfig | None:
    """Show every setting; returns the configuration once it was sent off."""
    fields = TrainingConfig.model_fields
    with st.form("settings", border=False):
        left, middle, right = st.columns(3)
        network = left.selectbox("Network", ["compact", "original"], help=fields["network"].description)
        first = left.selectbox("Start from", ["random weights", *start_models], help=fields["start_from"].description)
        augment = left.toggle("Vary training images", value=True, help=fields["augment"].description)
        epochs = middle.slider("Epochs, at most", 1, MAX_EPOCHS, 12)
        patience = middle.slider("Patience, epochs", 1, MAX_EPOCHS, 5, help=fields["patience"].description)
        batch = middle.select_slider("Batch size, images", [4, 8, 16, 32, 64, 128], 16)
        rate = right.select_slider(
            "Learning rate", [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2], 1e-3, format_func="{:g}".format
        )
        imbalance = right.selectbox(
            "Class imbalance",
            ["oversample", "undersample", "class_weights", "none"],
            help=fields["imbalance"].description,
        )
        seed = right.number_input("Seed", 0, 2**31 - 1, 0, help=fields["seed"].description)
        validation, test = left.columns(2)
        validation_share = validation.number_input("Validation share", 0.05, 0.5, 0.2, 0.05)
        test_share = test.number_input("Test share", 0.0, 0.5, 0.2, 0.05)
        if not st.form_submit_button("Start with these settings", icon=":material/play_arrow:"):
            return None
    with errors_shown():
        return TrainingConfig.read(
            {
                "store": store,
                "network": network,
                "start_from": None if first == "random weights" else first,
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
        )
