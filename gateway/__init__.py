"""The running process: doors, journal, steps, command line."""
