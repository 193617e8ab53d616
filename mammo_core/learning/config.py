"""Training configurations, and the one-click preset."""

from mammo_core.documents.training_config import MAX_EPOCHS, Imbalance, Network, TrainingConfig

__all__ = ["MAX_EPOCHS", "Imbalance", "Network", "TrainingConfig", "quick_start"]


def quick_start(store: str, start_from: str | None) -> TrainingConfig:
    """Return the one-click preset: about two minutes for 600 images on two cores.

    Args:
        store: the prepared store.
        start_from: a compatible model to continue from, if there is one: a few hundred images teach little from scratch.
    """
    if start_from is None:
        return TrainingConfig(store=store, epochs=12)
    return TrainingConfig(store=store, epochs=8, patience=4, learning_rate=3e-4, start_from=start_from)
