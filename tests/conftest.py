import sys
from pathlib import Path

# The writers of tiny data sets are shared: `from tests.datasets import write_lspet`.
sys.path.insert(0, str(Path(__file__).parents[1]))
