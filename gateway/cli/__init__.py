"""The octway command, one module per group of commands."""
