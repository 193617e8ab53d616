"""Build the model card of a trained and evaluated run."""

from datetime import UTC, datetime

from mammo_core.documents.card import CalibrationRecord, DataProvenance, MetricsSummary, ModelCard
from mammo_core.documents.operating_point import OperatingPoint, Policy
from mammo_core.documents.report import EvaluationReport
from mammo_core.learning.trained_run import EvaluatedNetwork, TrainedRun
from mammo_core.learning.training_data import count_parts

OPERATING_POLICY: Policy = "specificity_90"
LIMITS = (
    "Research use only. Not a medical device; not for any decision about a patient.",
    "At 256 pixels a pixel is about a millimetre: masses can show, microcalcifications can't.",
)
REFIT_LIMIT = (
    "Calibration, thresholds and validation figures are those of the network before it was trained once more, on training "
    "and validation patients."
)
SYNTHETIC_LIMIT = "Trained on synthetic images only: its predictions on real mammograms are meaningless."


def build_card(trained: TrainedRun, evaluated: EvaluatedNetwork) -> ModelCard:
    """Return the card of a run's model, without the hashes of its files."""
    plan, calibration = trained.plan, evaluated.calibration
    return ModelCard(
        name=trained.run.name,
        created=datetime.now(UTC).replace(microsecond=0),
        network=plan.config.network,
        weights=evaluated.weights,
        best_epoch=trained.best_epoch,
        config=plan.config,
        data=_data_provenance(trained),
        preprocessing_identity=plan.store.preprocessing.identity,
        metrics=_summarise(evaluated.report),
        calibration=CalibrationRecord(
            method="Platt scaling on the validation images", slope=calibration.slope, intercept=calibration.intercept
        ),
        cam_scale=evaluated.cam_scale,
        operating_point=OperatingPoint(threshold=evaluated.threshold, policy=OPERATING_POLICY),
        limits=_limits(trained),
    )


def _data_provenance(trained: TrainedRun) -> DataProvenance:
    """Return the source of the images, without paths of this machine."""
    store = trained.plan.store
    source = store.source()
    return DataProvenance(
        store=store.name,
        dataset=source.dataset,
        synthetic=source.synthetic,
        generator=source.generator,
        parts=dict(count_parts(trained.data.table)),
    )


def _summarise(report: EvaluationReport) -> MetricsSummary:
    return MetricsSummary(
        part=report.part,
        unit=report.unit,
        n=report.n,
        positives=report.positives,
        patients=report.patients,
        **report.figures_of_merit(),
    )


def _limits(trained: TrainedRun) -> tuple[str, ...]:
    """Return the model's limits as sentences, the most important first."""
    synthetic = (SYNTHETIC_LIMIT,) if trained.plan.store.source().synthetic else ()
    refit = (REFIT_LIMIT,) if trained.refitted else ()
    return (*synthetic, *LIMITS, *refit, *trained.data.describe_sample())
