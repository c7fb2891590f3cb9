"""From what a file says of its labels to a pose table that keeps its promises."""
