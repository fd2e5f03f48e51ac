"""Settings and the payer directory's files: typed, validated, all mistakes at once."""
