"""How long a test waits for another process before it calls it a hang, on however busy a machine."""

PATIENCE = 900  # seconds
