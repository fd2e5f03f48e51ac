"""Webhooks: vendors' endpoints are told what happened, signed, until they say yes."""
