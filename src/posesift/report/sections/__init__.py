"""Sections of a page, each a function from a result to a heading with its blocks."""
