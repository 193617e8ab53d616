from datetime import UTC, datetime

from mammo_core.documents.leave_out import LeaveOutList, LeftOutImage


def test_reasons_by_image():
    image = LeftOutImage(image_id="7", reason="blank", since=datetime(2026, 1, 1, tzinfo=UTC))
    assert LeaveOutList(dataset="demo", images=(image,)).reasons == {"7": "blank"}


def test_the_number_of_images_is_one_sentence():
    assert LeaveOutList(dataset="demo").describe() == "0 images of this data set are left out."
