from mammo_core.documents.verification import VERIFICATION, Verification, describe_verification


def test_describe_verification_without_file_is_empty(tmp_path):
    assert describe_verification(tmp_path) == ""


def test_describe_verification_equal_predictions_is_verified(tmp_path):
    Verification(verified=True, largest_difference=6e-8, images=1111).write(tmp_path / VERIFICATION)
    expected = "Saved model verified (reloaded; same predictions on 1,111 images)."
    assert describe_verification(tmp_path) == expected


def test_describe_verification_other_predictions_is_not_verified(tmp_path):
    Verification(verified=False, largest_difference=0.25, images=9).write(tmp_path / VERIFICATION)
    expected = "Saved model **not verified**: after reloading, its predictions on 9 images differ by up to 0.2."
    assert describe_verification(tmp_path) == expected
