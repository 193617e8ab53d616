"""Streamlit components that the pages put together: one module for each thing shown."""
