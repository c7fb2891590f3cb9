"""Figures and tables of a page as files for a paper."""
