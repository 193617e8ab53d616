"""Show a tour of the application in six steps."""

import streamlit as st

from ui.literal import literal

STEPS = (
    (
        "predict",
        "See a prediction",
        "Try a demo exam on Predict: each image, breast and patient has a probability, and a heatmap shows what adds to it.",
    ),
    (
        "explore",
        "Know the data",
        "Explore shows ages, classes and sites, missing values, and columns that give the label away. Filters reach every chart.",
    ),
    (
        "exams",
        "Look at the images",
        "Exams hangs the views of a patient as readers do, with known lesions and the model's prediction.",
    ),
    (
        "data",
        "Bring your own",
        "Data links a folder in the RSNA layout and imports it. The folder is only read. An import can be stopped and resumed.",
    ),
    (
        "train",
        "Train",
        "One click starts a run. It goes on when you close this tab; its curves show the base rate, so that nothing is mistaken "
        "for learning.",
    ),
    (
        "models",
        "Evaluate and use",
        "Models reports scores on patients that the model has never seen, with baselines and 95 % intervals. Activate a model to "
        "predict with it.",
    ),
)


@st.dialog("A tour in six steps")
def show_tour() -> None:
    """Show one step of the tour, with a link to its page."""
    number = st.pagination(len(STEPS), key="step of the tour")
    page, title, text = STEPS[number - 1]
    st.markdown(f"**{literal(title)}**")
    st.markdown(literal(text))
    st.page_link(f"pages/{page}.py", label=f"Go to {literal(page.capitalize())}", icon=":material/arrow_forward:")
