"""The questions of a reader, answered in sentences that never say more than the numbers."""
