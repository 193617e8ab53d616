import pytest

from mammo_core.documents.run_tags import RunTags, read_tags
from mammo_core.errors import DataError


def test_read_tags_of_a_folder_without_a_file_are_none(tmp_path):
    assert read_tags(tmp_path) == RunTags(tags=(), archived=False)


def test_read_tags_are_as_written(tmp_path):
    tags = RunTags(tags=("good", "*b*"), archived=True)
    tags.write(tmp_path / RunTags.file_name)
    assert read_tags(tmp_path) == tags


@pytest.mark.parametrize("text", ["{", '{"schema_version": 1, "tags": [""]}', '{"schema_version": 2}'])
def test_read_tags_of_a_damaged_file_raises_data_error(tmp_path, text):
    (tmp_path / RunTags.file_name).write_text(text)
    with pytest.raises(DataError, match=r"tags\.json"):
        read_tags(tmp_path)
