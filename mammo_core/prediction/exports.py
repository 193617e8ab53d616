"""Export a report as files: pictures, and DICOM."""

import io
import zipfile
from collections.abc import Mapping

from mammo_core.dicom.export import ReportContent, export
from mammo_core.dicom.pseudonyms import installation_secret
from mammo_core.dicom.sandbox import Sandbox
from mammo_core.models.bundle import Bundle
from mammo_core.prediction.exam_report import ExamReport
from mammo_core.prediction.exams import hang_exams
from mammo_core.prediction.image_results import ONLY_SYNTHETIC, UNKNOWN, ImagePrediction
from mammo_core.prediction.rendering import draw_image, exam_picture, to_png
from mammo_core.prediction.viewing import ViewSettings
from mammo_core.workspace import Workspace


def png_archive(report: ExamReport, opacity: float) -> bytes:
    """Return a zip archive with one PNG for each exam.

    A PNG shows the hung images with heatmaps and probabilities.
    """
    exams = hang_exams(report.images)
    return _zipped({f"{exam.name}.png": to_png(exam_picture(exam.rows, report, opacity)) for exam in exams})


def dicom_archive(
    workspace: Workspace,
    report: ExamReport,
    bundle: Bundle,
    sandbox: Sandbox,
    *,
    opacity: float,
    keep_identifiers: bool,
) -> bytes:
    """Return a zip archive with DICOM results for each predicted image.

    The results are a Secondary Capture and a Structured Report.

    Args:
        workspace: holds the secret for pseudonyms.
        report: the results, with the sources of their files.
        bundle: the model.
        sandbox: reads the headers of the sources.
        opacity: opacity of the heatmap, in [0, 1].
        keep_identifiers: whether to keep the identifiers of patient and study.
    """
    recalled = {(breast.patient, breast.exam, breast.laterality): breast.recall for breast in report.breasts}
    secret = installation_secret(workspace)
    files: dict[str, bytes] = {}
    for number, image in enumerate(report.images, 1):
        if isinstance(image, ImagePrediction):
            breast = (*image.exam_key, image.decoded.laterality or UNKNOWN)
            content = _report_content(image, bundle, None if image.not_counted else recalled.get(breast))
            picture = draw_image(image, image.decoded.laterality, ViewSettings(opacity=opacity))
            capture, document = sandbox.run(
                export, report.sources[image.key], picture, content, keep_identifiers, secret
            )
            files |= {f"{number:03d}-capture.dcm": capture, f"{number:03d}-report.dcm": document}
    return _zipped(files)


def _report_content(image: ImagePrediction, bundle: Bundle, recall: bool | None) -> ReportContent:
    return ReportContent(
        model=bundle.name,
        probability=image.probability,
        recall=recall,
        threshold=bundle.threshold,
        out_of_distribution=image.out_of_distribution,
        no_decision=f"No decision: {ONLY_SYNTHETIC}." if image.beyond_model else None,
        not_counted=image.not_counted,
        laterality=image.decoded.laterality,
        view=image.decoded.view,
        limits=bundle.card.limits,
    )


def _zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()
