import pickle
import re

from mammo_core import errors
from mammo_core.errors import ImageError, MammoError


def drawn_tree(text: str) -> set[tuple[str, str]]:
    """Return (parent, child) of each branch of a drawn tree."""
    branches, ancestors = set(), {0: MammoError.__name__}
    for line in text.splitlines():
        if branch := re.match(r"([│ ]*)[├└]── (\w+)", line):
            depth = len(branch[1]) // 4 + 1
            ancestors[depth] = branch[2]
            branches.add((ancestors[depth - 1], branch[2]))
    return branches


def test_docstring_draws_the_tree_of_errors():
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, MammoError)]
    expected = {(base.__name__, error.__name__) for error in classes for base in error.__bases__ if base in classes}
    assert drawn_tree(errors.__doc__) == expected


def test_image_error_survives_pickling():
    error = pickle.loads(pickle.dumps(ImageError("blank", "No breast was found.")))
    assert (error.reason, error.message, str(error)) == ("blank", "No breast was found.", "No breast was found.")
