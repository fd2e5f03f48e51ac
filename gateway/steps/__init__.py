"""One function per step of a claim: claim due rows, do one thing, commit."""
