"""What lies on disk: pictures, videos, and the containers of labels, one kind a module."""

ANEW = "copy it anew"
NEXT = f"{ANEW}, or run `posesift check` on this data to list every such file"
"""What to do about a file that cannot be read; `posesift check` itself says the first half."""
