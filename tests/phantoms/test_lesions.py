import numpy as np
import pytest

from mammo_core.phantoms.anatomy import make_breast, outline
from mammo_core.phantoms.canvas import make_canvas
from mammo_core.phantoms.lesions import BENIGN, DRAW_KIND, MALIGNANT, Lesion, draw_lesion, plan_lesions

BREASTS = [make_breast(1, patient, "L", "C", False) for patient in range(300)]


def test_plan_lesions_malignant_only_for_cancer():
    assert all(any(lesion.malignant for lesion in plan_lesions(breast, True)) for breast in BREASTS)
    assert not any(lesion.malignant for breast in BREASTS for lesion in plan_lesions(breast, False))


def test_plan_lesions_benign_independent_of_cancer():
    for breast in BREASTS[:50]:
        benign = tuple(lesion for lesion in plan_lesions(breast, True) if not lesion.malignant)
        assert benign == plan_lesions(breast, False)
    kinds = [lesion.kind for breast in BREASTS for lesion in plan_lesions(breast, False)]
    assert kinds.count("round_mass") / len(BREASTS) == pytest.approx(dict(BENIGN)["round_mass"], abs=0.07)


def test_plan_lesions_a_third_of_cancers_have_microcalcifications():
    planned = [{lesion.kind for lesion in plan_lesions(breast, True)} for breast in BREASTS]
    assert np.mean(["microcalcifications" in kinds for kinds in planned]) == pytest.approx(0.34, abs=0.08)
    assert sum(share for _, share in MALIGNANT) == pytest.approx(1)


@pytest.mark.parametrize("kind", sorted(DRAW_KIND))
def test_draw_lesion_brightens_its_box_only(kind):
    lesion = Lesion(kind, True, 0.4, 0.1, -0.1, 2.0 if kind == "coarse_calcification" else 15.0, 0.4, (1, 2))
    canvas = make_canvas(outline(BREASTS[0], "CC", np.random.default_rng(0)), 0.5)
    before = np.random.default_rng(1).uniform(0.2, 0.5, canvas.shape).astype(np.float32)
    after = before.copy()
    box = draw_lesion(after, lesion, canvas, "CC", np.random.default_rng(2))
    changed = after - before
    rows, columns = np.nonzero(changed > 0.05)
    assert len(rows)
    assert abs(columns.mean() * 0.5 - box.x) < 4
    assert abs(rows.mean() * 0.5 - box.y) < 4
    far = np.hypot(canvas.x - box.x, canvas.y - box.y) > 3 * lesion.size_mm + 8
    assert not changed[far].any()


def test_draw_lesion_has_the_same_depth_in_both_views():
    lesion = Lesion("round_mass", False, 0.5, 0.3, -0.3, 12.0, 0.3, (1, 2))
    depths = []
    for view in ("CC", "MLO"):
        canvas = make_canvas(outline(BREASTS[0], view, np.random.default_rng(0)), 2.0)
        box = draw_lesion(np.ones(canvas.shape, np.float32), lesion, canvas, view, np.random.default_rng(2))
        depths.append(1 - box.x / canvas.outline.nipple[0])
    assert depths == pytest.approx([0.5, 0.5], abs=0.06)
