"""What tests of components share: the demo data as they are imported."""

import pytest

from mammo_core.dataset.store import open_store


@pytest.fixture
def store(prepared):
    """Return the imported demo data."""
    return open_store(prepared, "demo")


@pytest.fixture
def images(store):
    """Return the image_ids of the imported demo data."""
    return store.manifest()["image_id"].astype(str).tolist()
