"""The explorer: a script of the page's own, and the poses, scores and pictures that it reads."""
