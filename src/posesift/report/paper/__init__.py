"""The same page for a paper: figures as SVG and PDF, tables as CSV and LaTeX."""
