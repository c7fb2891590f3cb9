"""Figures: curves, forests, histograms and drawings of poses, as SVG in the colours of the page."""
