"""How long a test waits for another process, on however busy a machine."""

PATIENCE = 900  # seconds
