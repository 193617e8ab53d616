"""List what a check of imported data reports, and let the user leave images out."""

import streamlit as st

from mammo_core.dataset.catalogue import Catalogue
from mammo_core.dataset.leave_out import check_listed, leave_out, read_leave_out
from mammo_core.dataset.library import describe_source
from mammo_core.dataset.store import Store, open_store
from mammo_core.documents.dataset import StoreSource
from mammo_core.documents.doctor_report import DoctorReport
from mammo_core.documents.leave_out import MAX_REASON
from mammo_core.explore.findings import (
    CONFIDENCES,
    KINDS,
    LEAKS,
    PAGE,
    SKIPPED,
    Finding,
    common_reason,
    count_pages,
    describe_leak,
    page_of_findings,
    select_findings,
    suggested_reasons,
    with_reason,
)
from ui.access.sign_in import request
from ui.finding_pictures import WIDTH, Pictures, read_pictures, show_picture
from ui.literal import literal
from ui.session import announce, current_workspace, errors_shown_here

Reasons = dict[str, str]  # why to leave out, by image_id
NOTHING = "Nothing to show. What could not be checked stands under “Not checked”."
LEAK_NOTE = "No single image is to blame. Compare a model with the baselines in its report: it may use this, and not the breast."


def show_findings(
    findings: list[Finding], report: DoctorReport, catalogue: Catalogue, dataset: str, store: Store
) -> None:
    """Show the findings of one kind, a page of them with their pictures.

    A fragment calls this, so that a click on an image doesn't draw the page around it.

    Args:
        findings: all that name images.
        report: that lists them, beside what names none.
        catalogue: the data set.
        dataset: its name.
        store: the store that was checked.
    """
    first = next((kind for kind in KINDS if select_findings(findings, kind, 0.0)), LEAKS if report.leaks else SKIPPED)
    if not findings and not report.leaks:
        st.success("Nothing to report: no check that could be made has a finding.", icon=":material/check:")
    kind = st.segmented_control(
        "Findings",
        [*KINDS, LEAKS, SKIPPED],
        default=first,
        required=True,
        key="findings",
        bind="query-params",
        label_visibility="collapsed",
    )
    if kind in (LEAKS, SKIPPED):
        show_sentences(report, kind)
        return
    source = describe_source(current_workspace(), catalogue)
    left_out = read_leave_out(current_workspace().data, source).reasons
    selected: Reasons = st.session_state.setdefault(f"selected in {dataset}", {})
    page = choose_page(findings, kind, left_out, selected)
    if selected:
        show_selection(catalogue, dataset, source, selected)
    show_cards(page, catalogue, dataset, store, left_out)


def show_sentences(report: DoctorReport, kind: str) -> None:
    """Show the findings that name no image: leaks, or what could not be checked."""
    if kind == LEAKS:
        lines = [describe_leak(leak) for leak in report.leaks]
        st.caption(LEAK_NOTE if lines else "Nothing beside the breast gives the label away.")
    else:
        lines = [f"{skip.check}: {skip.reason}" for skip in report.skipped]
        st.caption("What could not be checked, or not on all images." if lines else "Everything could be checked.")
    for line in lines:
        st.markdown(f"- {literal(line)}")


def choose_page(findings: list[Finding], kind: str, left_out: Reasons, selected: Reasons) -> list[Finding]:
    """Let the user filter the findings of a kind; return those of one page.

    Args:
        findings: of all kinds.
        kind: the one to show.
        left_out: the images on the list.
        selected: the selected images; all that are suggested can be added at once.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        confidence = st.selectbox(
            "Confidence at least", CONFIDENCES, key="confidence", format_func="{:.2f}".format, width=160
        )
        hide = st.toggle("Hide what is left out", key="hide left out")
        shown = select_findings(findings, kind, confidence, left_out if hide else ())
        pages = count_pages(shown)
        page = min(st.pagination(pages, key=f"page of {pages} of {kind}"), pages) if pages > 1 else 1
        suggested = suggested_reasons(shown, left_out)
        if set(suggested) - set(selected):
            st.button(
                f"Select all {len(suggested):,}",
                key="select all",
                icon=":material/select_all:",
                type="tertiary",
                help="Of two copies in these data, the second one; of two images of one patient, the one that doesn't fit.",
                on_click=selected.update,
                args=(suggested,),
            )
    begin = (page - 1) * PAGE
    st.caption(f"{begin + 1:,}–{min(begin + PAGE, len(shown)):,} of {len(shown):,}" if shown else NOTHING)
    return page_of_findings(shown, page)


def show_selection(catalogue: Catalogue, dataset: str, source: StoreSource, selected: Reasons) -> None:
    """Show how many images are selected, and let the user leave them out.

    Args:
        catalogue: the data set.
        dataset: its name.
        source: the same, as its leave-out list knows it.
        selected: the selected images with the reason of each.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reason = st.text_input(
            f"Reason for {len(selected):,} selected",
            common_reason(selected),
            max_chars=MAX_REASON,
            placeholder="the finding of each image",
            key=f"reason for {hash(frozenset(selected))}",
            width=420,
        )
        label = "Leave out 1 image" if len(selected) == 1 else f"Leave out {len(selected):,} images"
        if st.button(literal(label), key="leave out", icon=":material/playlist_remove:", type="primary"):
            leave_out_selected(catalogue, dataset, source, with_reason(selected, reason))
        st.button(
            "Clear selection", key="clear selection", icon=":material/close:", type="tertiary", on_click=selected.clear
        )


def leave_out_selected(catalogue: Catalogue, dataset: str, source: StoreSource, reasons: Reasons) -> None:
    """Put images on the list, and show the page again; an error is shown here."""
    with errors_shown_here():
        request("leave out images", dataset)
        check_listed(catalogue, reasons)
        leave_out(current_workspace().data, source, reasons)
        st.session_state.pop(f"selected in {dataset}", None)
        announce("1 image is left out." if len(reasons) == 1 else f"{len(reasons):,} images are left out.")
        st.rerun()


def show_cards(page: list[Finding], catalogue: Catalogue, dataset: str, store: Store, left_out: Reasons) -> None:
    """Show findings with their pictures, two in a row."""
    with st.spinner("Reading the images …"):
        pictures = read_pictures(page, catalogue.table, store)
    columns = st.columns(2)
    for number, finding in enumerate(page):
        with columns[number % 2].container(border=True):
            show_card(finding, number, pictures, dataset, left_out)


def show_card(finding: Finding, number: int, pictures: Pictures, dataset: str, left_out: Reasons) -> None:
    """Show one finding: its reason, its pictures side by side, and a box for each.

    Args:
        finding: what is reported.
        number: its position on the page.
        pictures: see `read_pictures`.
        dataset: name of the data set.
        left_out: the images on the list.
    """
    st.markdown(f"{literal(finding.reason)} :grey-badge[confidence {finding.confidence:.2f}]")
    if not finding.images:
        st.caption("The data set's table doesn't name these images any more.")
    with st.container(horizontal=True):
        for image in finding.images:
            with st.container(width=WIDTH, gap="xsmall"):
                show_picture(pictures, None, image, dataset)
                if image in left_out:
                    st.markdown(":orange-badge[:material/playlist_remove: left out]", help=literal(left_out[image]))
                else:
                    offer_selection(finding, number, image, dataset)
        if finding.nearer is not None:
            with st.container(width=WIDTH, gap="xsmall"):
                show_picture(pictures, None, finding.nearer, dataset)
                st.caption("another patient's")
        if finding.store is not None and finding.copy is not None:
            with st.container(width=WIDTH, gap="xsmall"):
                show_copy(finding.store, finding.copy, pictures)


def offer_selection(finding: Finding, number: int, image: str, dataset: str) -> None:
    """Show the box by which an image is selected."""
    key = f"select {number} {image}"
    st.session_state[key] = image in st.session_state[f"selected in {dataset}"]  # also where another finding names it
    st.checkbox("Leave out", key=key, on_change=select_image, args=(key, image, finding.reason[:MAX_REASON], dataset))


def select_image(key: str, image: str, reason: str, dataset: str) -> None:
    """Select an image or not, as its box says; a callback."""
    selected: Reasons = st.session_state.setdefault(f"selected in {dataset}", {})
    if st.session_state[key]:
        selected[image] = reason
    else:
        selected.pop(image, None)


def show_copy(store: str, image: str, pictures: Pictures) -> None:
    """Show the copy of an image in another store, which can't be left out here."""
    if (store, image) not in pictures:
        st.caption(f":material/broken_image: No picture from {literal(store)}.")
        return
    show_picture(pictures, store, image, open_store(current_workspace(), store).source().dataset)
    st.caption(f"in {literal(store)}")
