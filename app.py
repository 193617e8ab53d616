"""The mammography workbench: `streamlit run app.py`."""

from pathlib import Path

import streamlit as st
from starlette.formparsers import MultiPartParser

from ui.access.guards import server_guards
from ui.pixel_route import viewer_routes
from ui.startup import FAVICON, import_components


def main() -> None:
    """Configure the page and run the one that the user chose."""
    # Uploads stay in memory: left alone, the server writes those above a megabyte to the disk while it receives them.
    MultiPartParser.spool_max_size = st.get_option("server.maxUploadSize") * 2**20
    st.session_state["app"] = True  # see ui.session.open_page
    st.set_page_config(page_title="Mammography workbench", page_icon=str(FAVICON), layout="wide")
    import_components()
    # Once the components are imported, see there
    from ui.access.sign_in import is_signed_in, require_sign_in
    from ui.appearance import apply_appearance
    from ui.session import errors_shown

    page = st.navigation(  # without sections: these would put what is no list item into the navigation's list
        [
            st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
            st.Page("pages/explore.py", title="Explore", icon=":material/bar_chart:"),
            st.Page("pages/exams.py", title="Exams", icon=":material/grid_view:"),
            st.Page("pages/data.py", title="Data", icon=":material/database:"),
            st.Page("pages/train.py", title="Train", icon=":material/show_chart:"),
            st.Page("pages/models.py", title="Models", icon=":material/balance:"),
            st.Page("pages/predict.py", title="Predict", icon=":material/upload_file:"),
        ],
        position="sidebar" if is_signed_in() else "hidden",
    )
    apply_appearance()
    with errors_shown():  # whatever a page doesn't catch closer to its cause
        require_sign_in()
        page.run()


if __name__ == "__main__":  # a visit to a page; spawned decoding workers import this file too, and must not run it
    main()
elif __name__ == Path(__file__).stem:  # `streamlit run` imports this file and serves the App that it finds here
    app = st.App(__file__, routes=viewer_routes(), middleware=server_guards())
