"""Who is in the data: classes by unit, ages by label, rates by site, machine, view and density."""

import streamlit as st

from mammo_core import explore
from mammo_core.figures.explore import age_bars, class_bars, count_bars, rate_points
from pages._session import choose_catalogue

GROUPS = {
    "site_id": "site",
    "machine_id": "machine",
    "view": "view",
    "density": "density",
    "BIRADS": "BI-RADS",
    "implant": "implant",
}

st.title("Explore")
catalogue = choose_catalogue()
table = catalogue.table
numbers = explore.summary(table)
for column, unit in zip(st.columns(3), explore.UNITS, strict=True):
    positive = numbers["positive"][f"{unit}s"]
    share = (
        "no labels"
        if positive is None
        else f"{positive:,} positive ({positive / max(numbers[f'{unit}s'], 1):.2%})"
    )
    column.metric(
        f"{unit.capitalize()}s",
        f"{numbers[f'{unit}s']:,}",
        share,
        delta_color="off",
        delta_arrow="off",
        border=True,
    )
if catalogue.missing_files:
    st.warning(
        f"{catalogue.missing_files:,} of {len(table):,} listed images have no file on disk.",
        icon=":material/image_not_supported:",
    )

unit = (
    st.segmented_control(
        "Unit that is counted", explore.UNITS, default="breast", key="unit", bind="query-params"
    )
    or "breast"
)
rows = explore.by_unit(table, unit)
left, right = st.columns(2, gap="large")
with left.container(border=True):
    st.markdown("**Classes by unit**")
    st.plotly_chart(class_bars(explore.class_counts(table)), key="classes")
with right.container(border=True):
    st.markdown(f"**Age by label**, {unit}s")
    st.plotly_chart(age_bars(explore.age_histogram(rows), unit), key="ages")
st.markdown(
    "**Age in years by unit and label.** The unit changes the numbers, so every row says which it is."
)
st.dataframe(
    explore.age_table(table),
    hide_index=True,
    column_config={name: st.column_config.NumberColumn(format="%.2f") for name in ("mean", "median", "std")},
)

st.subheader("Groups")
for start in range(0, len(GROUPS), 2):
    for column, (name, title) in zip(
        st.columns(2, gap="large"), list(GROUPS.items())[start : start + 2], strict=True
    ):
        with column.container(border=True):
            st.markdown(f"**By {title}**, {unit}s")
            rates = explore.rate_by(rows, name)
            if len(rates):
                st.plotly_chart(rate_points(rates, title), key=f"rates {name}")
            elif rows[name].notna().any():
                st.plotly_chart(count_bars(explore.counts(rows[name]), title), key=f"counts {name}")
            else:
                st.caption(f"This data set has no {title}.")
st.subheader("Missing values")
st.dataframe(
    {"column": list(numbers["missing"]), "missing": list(numbers["missing"].values())},
    hide_index=True,
    width="content",
)
