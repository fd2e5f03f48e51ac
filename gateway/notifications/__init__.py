"""Messages to staff and vendors: what they may hold, how they read, how they travel."""
