from pathlib import Path

from mammo_core.dataset.data_set_files import data_set_file
from mammo_core.documents.dataset import GeneratorSettings, StoreSource

SOURCE = StoreSource(csv="my data/train.csv", dataset="demo", synthetic=True, generator=GeneratorSettings(seed=1))


def test_the_name_tells_the_folder_and_hides_unusual_characters():
    path = data_set_file(Path("data"), "marks", SOURCE)
    assert path.parent == Path("data/marks")
    assert path.name.startswith("my_data-")


def test_other_tables_and_other_phantoms_have_other_files():
    others = [
        SOURCE.model_copy(update={"csv": "other/my data/train.csv"}),
        SOURCE.model_copy(update={"generator": GeneratorSettings(seed=2)}),
        SOURCE.model_copy(update={"generator": None}),
    ]
    assert len({data_set_file(Path("data"), "marks", source) for source in (SOURCE, *others)}) == 4


def test_another_name_of_the_data_set_changes_nothing():
    renamed = SOURCE.model_copy(update={"dataset": "renamed"})
    assert data_set_file(Path("data"), "marks", renamed) == data_set_file(Path("data"), "marks", SOURCE)
