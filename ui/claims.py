"""Show what a published notebook claims of RSNA's data, and whether it is so."""

from collections.abc import Sequence

import streamlit as st

from mammo_core.explore.claims import Claim
from ui.literal import literal

VERDICTS = {
    True: ":gray-badge[:material/check: confirmed]",
    False: ":gray-badge[differs here]",
    None: ":gray-badge[not testable]",
}


def show_claims(claims: Sequence[Claim]) -> None:
    """Show each claim with its verdict and the counts behind it."""
    st.markdown("Claims of the published notebook, checked on this whole data set, without filters")
    for column, claim in zip(st.columns(len(claims)), claims, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"“{literal(claim.quote)}” {VERDICTS[claim.holds]}")
            st.caption(literal(claim.reading))
