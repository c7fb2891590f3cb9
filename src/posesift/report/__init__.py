"""Reports: one self-contained page about a score, a run, or a comparison.

`posesift.report.page.write_report` renders a finished folder to ``report.html``. Nothing here
trains; everything shown was read from the folder's files, and the pixels from its addresses.
Importing this room loads no matplotlib; the modules inside do.
"""
