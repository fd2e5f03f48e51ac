"""The domain, pure: no Twisted, no SQL, no clock, no network."""
