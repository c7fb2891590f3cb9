"""The explorer of a page: poses of source and target to look through, sort and compare."""
