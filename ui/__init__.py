"""Streamlit components that the pages put together.

There is one module for each thing shown.
"""
