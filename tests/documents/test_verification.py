import pytest

from mammo_core.documents.verification import VERIFICATION, Verification, describe_verification


def test_describe_verification_without_file_is_empty(tmp_path):
    assert describe_verification(tmp_path) == ""


@pytest.mark.parametrize(
    ("verification", "sentence"),
    [
        (
            Verification(verified=True, largest_difference=6e-8, images=1111),
            "Saved model verified (reloaded; same predictions on 1,111 images).",
        ),
        (
            Verification(verified=False, largest_difference=0.25, images=9),
            "Saved model not verified: after reloading, its predictions on 9 images differ by up to 0.2.",
        ),
    ],
)
def test_describe_verification_states_images_and_difference(tmp_path, verification, sentence):
    verification.write(tmp_path / VERIFICATION)
    assert describe_verification(tmp_path) == sentence
