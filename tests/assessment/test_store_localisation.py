import pytest

from builders.jobs import import_in_process
from builders.marks import draw
from mammo_core.assessment.kept_evaluations import kept_evaluations, make_evaluation
from mammo_core.assessment.store_evaluation import evaluate_store
from mammo_core.assessment.store_localisation import locate_lesions, read_store_lesions
from mammo_core.dataset.catalogue import Catalogue, read_catalogue
from mammo_core.dataset.marks import mark_path
from mammo_core.dataset.store import open_store
from mammo_core.learning.cancellation import Cancelled
from mammo_core.models.bundle import Bundle, open_bundle
from mammo_core.phantoms.generate import generate
from mammo_core.phantoms.spec import DemoSpec
from mammo_core.prediction.predictor import Predictor


@pytest.fixture
def bundle(finished) -> Bundle:
    """A model, beside a store "others" with other patients whose lesions nobody has marked yet."""
    generate(finished.data / "others", DemoSpec(patients=6, seed=9, prevalence=0.5, rows=256, columns=192), workers=1)
    (finished.data / "others" / "lesions.csv").unlink()
    import_in_process("others")
    return open_bundle(finished.models / "trained")


@pytest.fixture
def others(finished, bundle) -> Catalogue:
    return read_catalogue(finished.data / "others")


def of_label(catalogue: Catalogue, label: int) -> list[str]:
    return catalogue.table.loc[catalogue.table["cancer"] == label, "image_id"].tolist()


def test_marks_of_the_store_are_lesions_and_counted(finished, bundle, loads, others):
    assert evaluate_store(finished, bundle, "others").localisation is None
    first, second = of_label(others, 1)[:2]
    draw(finished, others, 1, first, top=0.0, left=0.0, bottom=256.0, right=192.0)
    draw(finished, others, 2, first)
    draw(finished, others, 3, second, finding="benign")
    draw(finished, others, 4, of_label(others, 0)[0])
    evaluation = make_evaluation(finished, bundle, "others")
    located = evaluation.report.localisation
    assert (located.images, located.patients, located.marks) == (1, 1, 2)
    assert (located.hit_rate.value, located.chance) == (1.0, 1.0)  # one mark covers the image
    assert evaluation.notes == (
        "2 malignant marks count as lesions, on 1 image. 1 more doesn't count: its image is not among the positive "
        "images here.",
    )
    assert evaluate_store(finished, bundle, "others") == evaluation.report


def test_new_marks_make_the_pointing_game_out_of_date_and_not_the_predictions(finished, bundle, loads, others):
    make_evaluation(finished, bundle, "others")
    kept = kept_evaluations(finished, bundle)["others"]
    assert (kept.outdated, kept.new_lesions) == ("", "")
    draw(finished, others, 1, of_label(others, 1)[0])
    kept = kept_evaluations(finished, bundle)["others"]
    assert kept.outdated == ""
    assert kept.new_lesions.startswith("Its lesions are known otherwise now")
    assert loads == ["trained"]
    progress = []
    second = make_evaluation(finished, bundle, "others", progress.append)
    assert second.report.localisation.marks == 1
    assert [each.phase for each in progress] == ["Comparing heatmaps with lesions", "Computing intervals"]
    assert loads == ["trained", "trained"]
    assert make_evaluation(finished, bundle, "others").report.localisation == second.report.localisation
    assert loads == ["trained", "trained"]  # neither images nor lesions have changed
    assert kept_evaluations(finished, bundle)["others"].new_lesions == ""


def test_own_held_out_images_have_the_pointing_game_of_their_training(finished, bundle, loads):
    home = bundle.evaluation().localisation
    assert home.images > 0
    located = evaluate_store(finished, bundle, "demo").localisation
    assert located.outside == pytest.approx(home.outside, rel=1e-4)  # the network was saved and loaded meanwhile
    assert located.model_copy(update={"outside": home.outside}) == home
    draw(finished, read_catalogue(finished.data / "demo"), 1, _held_out_positive(bundle))
    assert evaluate_store(finished, bundle, "demo").localisation.marks == 1


def _held_out_positive(bundle: Bundle) -> str:
    table = bundle.evaluation_predictions()
    return str(table.loc[table["label"] == 1, "image_id"].iloc[0])


def test_damaged_marks_are_named_and_the_rest_is_evaluated(finished, bundle, loads, others):
    store = open_store(finished, "others")
    path = mark_path(finished, store.source())
    path.parent.mkdir(exist_ok=True)
    path.write_text("no JSON")
    evaluation = make_evaluation(finished, bundle, "others")
    assert evaluation.report.localisation is None
    assert evaluation.notes[0].startswith("Readers' marks of this data set are ignored: ")


def test_pointing_game_can_be_stopped_and_needs_lesions(finished, bundle, others):
    store = open_store(finished, "others")
    images = store.manifest()
    nothing = read_store_lesions(finished, store, images)
    assert (nothing.boxes, nothing.marks, nothing.notes, nothing.version) == ({}, 0, (), "")
    assert locate_lesions(lambda: pytest.fail("not needed"), store, nothing) is None
    draw(finished, others, 1, of_label(others, 1)[0])
    lesions = read_store_lesions(finished, store, images)
    assert len(lesions.version) == 64
    with pytest.raises(Cancelled):
        locate_lesions(lambda: Predictor(bundle), store, lesions, lambda: True)
