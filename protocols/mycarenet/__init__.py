"""The mycarenet network: Belgian mandatory health insurance, eFact out and back."""
