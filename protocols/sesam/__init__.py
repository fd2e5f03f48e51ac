"""The sesam network: French mandatory health insurance, B2 out and NOEMIE back."""
