import pandas as pd
import pytest

from builders.app import figures, plain, show_component
from builders.models import write_model
from builders.predicted_images import MODEL, decoded_image, image_prediction
from mammo_core.documents.prediction import PatientPrediction
from mammo_core.prediction.exams import hang_exams
from mammo_core.prediction.summarise import summarise
from mammo_core.prediction.viewing import ViewSettings
from ui.prediction_view import choose_settings, decision_badge, show_comparison, show_model, show_results, show_unit

VALIDATION = pd.DataFrame(
    {
        "patient_id": list("abcd"),
        "laterality": list("LLRR"),
        "label": [0, 1, 0, 1],
        "probability": [0.1, 0.9, 0.2, 0.8],
    }
)


@pytest.fixture
def bundle(tmp_path):
    return write_model(tmp_path / "my_model")


def test_show_model_states_origin_auc_threshold_and_limits(bundle):
    app = show_component(show_model, bundle)
    auc = bundle.evaluation().auc
    assert [plain(text.value) for text in app.markdown] == [
        ":small[**my_model**: compact network, 31,330 weights, trained on synthetic images (demo). "
        f"AUC by breast {auc.value:.2f}, 95 % CI {auc.low:.2f} to {auc.high:.2f}. Recall threshold 0.30.]"
    ]
    assert [caption.value for caption in app.caption] == ["Research use only."]


def test_choose_settings_are_those_of_the_widgets():
    app = show_component(choose_settings)
    assert app.session_state["result"] == ViewSettings(width=320)
    app.slider(key="levels").set_value((10, 200))
    app.toggle(key="heatmap").set_value(False).run()
    assert app.session_state["result"] == ViewSettings(grey_levels=(10, 200), opacity=0.0, width=320)


@pytest.mark.parametrize(
    ("recall", "badge"),
    [
        (True, ":red-badge[Recall (0.50 ≥ 0.50)]"),
        (False, ":green-badge[No recall (0.50 < 0.50)]"),
    ],
)
def test_decision_badge_compares_the_probability_with_the_threshold(recall, badge):
    unit = PatientPrediction(patient="p", images=1, probability=0.5, recall=recall, out_of_distribution=False)
    assert decision_badge(unit, 0.5) == badge


def test_show_unit_compares_breasts_with_breasts_and_patients_with_patients():
    images = [("R", 0.25), ("R", 0.625), ("L", 0.5)]
    predictions = [image_prediction(decoded_image(side), probability=value) for side, value in images]
    report = summarise(predictions, MODEL)
    shown = []
    for unit in (*report.breasts_of(("p", None)), *report.patient_predictions(("p", None))):
        app = show_component(show_unit, unit, VALIDATION, 0.5)
        (metric,) = app.metric
        shown.append((metric.label, metric.value, [plain(caption.value) for caption in app.caption]))
    sentence = "Higher than {} % of validation {}s without cancer, and {} % of those with cancer."
    assert shown == [
        ("Right breast (mean of 2 views)", "0.44", [sentence.format(100, "breast", 0)]),
        ("Left breast (1 view)", "0.50", [sentence.format(100, "breast", 0)]),
        ("Patient (highest breast)", "0.50", [sentence.format(100, "patient", 0)]),
    ]


@pytest.mark.parametrize("reason", [{"ood_score": 1.5}, {"beyond_model": True}])
def test_show_unit_without_decision_is_muted_and_compared_with_nothing(reason):
    (breast,) = summarise([image_prediction(decoded_image("R"), probability=0.75, **reason)], MODEL).breasts
    app = show_component(show_unit, breast, VALIDATION, 0.5)
    assert [(metric.label, metric.value) for metric in app.metric] == [("Right breast (1 view)", ":gray[0.75]")]
    assert [text.value for text in app.markdown] == [":gray-badge[No decision]"]
    assert not app.caption


def test_show_results_has_patient_breasts_and_warnings(bundle):
    report, exam = three_views()
    app = show_component(show_results, report, exam, bundle)
    assert plain(app.markdown[0].value) == "#### Patient p"
    assert [metric.label for metric in app.metric] == [
        "Patient (highest breast)",
        "Right breast (mean of 2 views)",
        "Left breast (1 view)",
    ]
    assert [plain(caption.value) for caption in app.caption if "Missing view" in caption.value] == [
        ":material/info: Missing view: L MLO."
    ]


def test_show_comparison_draws_its_figure_once_it_is_opened(bundle):
    report, exam = three_views()
    app = show_component(show_comparison, report, exam, bundle)
    assert figures(app) == []
    assert [expander.label for expander in app.expander] == ["Compare with validation breasts"]


def three_views():
    views = [("R", "CC"), ("R", "MLO"), ("L", "CC")]
    images = [
        image_prediction(decoded_image(side, view, seed), f"{seed}.dcm", probability=0.25)
        for seed, (side, view) in enumerate(views)
    ]
    report = summarise(images, MODEL)
    (exam,) = hang_exams(report.images)
    return report, exam
