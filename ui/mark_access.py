"""Give this session's viewer access to the marks of the images that it shows."""

import pandas as pd

from mammo_core.access.audit_log import is_allowed
from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.marks import MarkedImage
from mammo_core.documents.marks import MAX_AUTHOR, MarkAccess
from ui.access.sign_in import current_person
from ui.mark_route import GrantedMarks
from ui.session import current_workspace
from ui.session_grants import grant


def grant_marks(catalogue: Catalogue, images: pd.DataFrame) -> MarkAccess:
    """Return how this session's viewer gets and changes the marks of images.

    Args:
        catalogue: of the data set.
        images: rows of it.
    """
    workspace, person = current_workspace(), current_person()
    rows = zip(images["image_id"], images["patient_id"], images["laterality"], images["view"], strict=True)
    marked = tuple(
        MarkedImage(str(image), str(patient), None if pd.isna(side) else str(side), str(view))
        for image, patient, side, view in rows
    )
    token = grant(GrantedMarks(workspace, describe_source(workspace, catalogue), marked))
    return MarkAccess(
        address=f"marks/{token}",
        may_change=person is None or is_allowed(person, "draw marks"),
        author=person.name[:MAX_AUTHOR] if person else "",
    )
