"""Single predictions and failures, chosen by printed rules."""
