"""How hard a pose is: normalisation, the Pose VAE and its rivals, bins, and checks of the score.

`scorers.fit` learns a score from a pose table, `bins.bin_edges` cuts it into bins of rising
difficulty, `checks` says whether it can be trusted.
"""
