"""Data: addresses, readers (one a format), worlds, checks, crops, and loading for a trainer.

`posesift.data.readers.read` turns an address into a pose table; `posesift.data.loading` turns a
pose table into batches, and is the only part that imports torch.
"""
