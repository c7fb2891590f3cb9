"""Every headline number beside its evidence, and the word that may be said of it."""
