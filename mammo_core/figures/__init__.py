"""Statistics → Plotly figures."""
