"""What a page shows of a score: how it spreads, what its bins look like, how alike they are."""
