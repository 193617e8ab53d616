from pathlib import Path

import pytest

from mammo_core.errors import InvalidName
from mammo_core.storage.names import MAX_LENGTH, check_name, named_folder


@pytest.mark.parametrize("name", ["a", "rsna-2022", "A.b_c-1", "0", "x" * MAX_LENGTH])
def test_check_name_usable_name_is_returned(name):
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "-a", ".a", "ä", "a\n", "x" * (MAX_LENGTH + 1)])
def test_check_name_unusable_name_raises_invalid_name(name):
    with pytest.raises(InvalidName, match="not usable as a name"):
        check_name(name)


def test_check_name_reserved_name_raises_invalid_name():
    assert check_name("prepared") == "prepared"
    with pytest.raises(InvalidName, match="'prepared' is not usable"):
        check_name("prepared", frozenset({"prepared"}))


@pytest.mark.parametrize("name", ["a", "my model", "x" * (MAX_LENGTH + 1)])
def test_named_folder_is_in_parent(name):
    assert named_folder(Path("/models"), name) == Path("/models") / name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "../a", "/a", "C:", "a\0"])
def test_named_folder_name_with_path_raises_invalid_name(name):
    with pytest.raises(InvalidName, match="must be the name of one folder"):
        named_folder(Path("/models"), name)
