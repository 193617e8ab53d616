"""An answer as files to take away: pictures, and DICOM that says what the pictures and the table say."""

import io
import zipfile
from collections.abc import Mapping, Sequence

from mammo_core.dicom import installation_secret
from mammo_core.dicom.export import ReportContent, export
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exams import Row
from mammo_core.prediction.files import InputFile
from mammo_core.prediction.rendering import exam_picture, hung_picture, to_png
from mammo_core.prediction.results import UNKNOWN, ExamReport
from mammo_core.workspace import Workspace


def pictures(answer: ExamReport, exams: Mapping[str, list[Row]], opacity: float) -> bytes:
    """Return a zip archive with one PNG a patient: the hung views with heat, and what was said of them."""
    return _zipped({f"{patient}.png": to_png(exam_picture(rows, answer, opacity)) for patient, rows in exams.items()})


def dicom_files(
    answer: ExamReport, files: Sequence[InputFile], bundle: Bundle, sandbox: Sandbox, *, opacity: float, keep: bool
) -> bytes:
    """Return a zip archive with a Secondary Capture and a Structured Report of each image that has an answer.

    Args:
        answer: one image a file, in the files' order.
        files: what was dropped, names and contents (or paths).
        bundle: the model that answered.
        sandbox: where the sources' headers are read.
        opacity: of the heat, in [0, 1].
        keep: whether identifiers of patient and study stay.
    """
    recalled = {
        (breast["patient"], breast["laterality"]): breast["recall"] for breast in answer.breasts.to_dict("records")
    }
    secret = installation_secret(Workspace.from_environment())
    found: dict[str, bytes] = {}
    for number, (image, (_, source)) in enumerate(zip(answer.images, files, strict=True), 1):
        upload, probability = image.upload, image.probability
        if upload is None or probability is None:
            continue
        statement = ReportContent(
            model=bundle.name,
            probability=probability,
            recall=recalled.get((upload.patient or UNKNOWN, upload.laterality)),
            threshold=bundle.threshold,
            out_of_distribution=image.out_of_distribution,
            laterality=upload.laterality,
            view=upload.view,
            limits=tuple(bundle.card["limits"]),
        )
        capture, report = sandbox.run(export, source, hung_picture(image, opacity), statement, keep, secret)
        found |= {f"{number:03d}-capture.dcm": capture, f"{number:03d}-report.dcm": report}
    return _zipped(found)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()
