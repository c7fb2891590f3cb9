"""``python -m posesift``: the command line."""

import sys

from posesift.cli import main

if __name__ == "__main__":
    sys.exit(main())
