from builders.app import show_component
from mammo_core.explore.claims import Claim
from ui.claims import show_claims


def test_show_claims_has_neutral_verdicts():
    claims = [Claim("a", True, "x."), Claim("b", False, "y."), Claim("c", None, "z.")]
    app = show_component(show_claims, claims)
    assert [text.value for text in app.markdown][1:] == [
        "“a” :gray-badge[:material/check: confirmed]",
        "“b” :gray-badge[differs here]",
        "“c” :gray-badge[not testable]",
    ]
    assert [caption.value for caption in app.caption] == ["x.", "y.", "z."]
