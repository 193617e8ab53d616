import pandas as pd

from builders.app import show_component
from ui.patient_list import choose_patient

IMAGES = pd.DataFrame(
    {
        "patient_id": ["1", "2", "3"],
        "image_id": list("abc"),
        "laterality": "L",
        "cancer": pd.array([0, 1, 0], "Int8"),
        "age": [40.0, 50, 60],
        "density": "B",
        "file": ["x", "y", None],
    }
)


def test_choose_patient_lists_those_with_files_and_names_the_chosen_one_in_the_address():
    app = show_component(choose_patient, IMAGES, IMAGES, None, ("key",))
    assert app.session_state["result"] == "1"
    assert app.dataframe[0].value["patient"].tolist() == ["1", "2"]
    assert app.query_params["patient"] in ("1", ["1"])
    assert app.caption[-1].value == "1 patient without files left out."
    app.selectbox(key="patients by").set_value("positive first").run()
    assert app.dataframe[0].value["patient"].tolist() == ["2", "1"]


def test_choose_patient_lists_all_where_none_has_files():
    images = IMAGES.assign(file=None)
    app = show_component(choose_patient, images, images, None, ("key",))
    assert app.dataframe[0].value["patient"].tolist() == ["1", "2", "3"]
    assert not app.caption
