"""Answers to a reader's questions, in sentences that never say more than the numbers."""
