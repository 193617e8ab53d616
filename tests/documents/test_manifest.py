from mammo_core.documents.manifest import QuarantinedImage, QuarantineRow


def test_quarantined_image_row_has_no_version():
    image = QuarantinedImage(image_id="7", file="/a.dcm", reason="damaged", detail="Cut off.", version=(12, 34))
    assert image.row == QuarantineRow(image_id="7", file="/a.dcm", reason="damaged", detail="Cut off.")
