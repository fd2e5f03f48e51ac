"""What the doors and the journal may refuse, in words for the person outside."""

from __future__ import annotations

from routing.errors import GatewayError


class DoorError(GatewayError):
    """Something a client asked for cannot be done; its text is shown to the client."""

    code = "door"


class NoSuchPath(DoorError):
    """There is nothing under that name."""

    code = "no-such-path"


class Purged(NoSuchPath):
    """Its bytes were purged, as their retention is over; its text says when."""

    code = "purged"


class NotPermitted(DoorError):
    """The tree does not allow that."""

    code = "not-permitted"


class AlreadyThere(DoorError):
    """The name is taken and may not be replaced that way."""

    code = "already-there"


class TooLarge(DoorError):
    """The file is larger than this client's limit."""

    code = "too-large"


class TooManyUploads(DoorError):
    """The client has as many uploads open as its limit allows."""

    code = "too-many-uploads"
    retryable = True


class RateExceeded(DoorError):
    """The client sends faster than its limit allows."""

    code = "rate-exceeded"
    retryable = True


class BadUpload(DoorError):
    """The bytes came in a way that cannot be stored: a gap, or fewer than said."""

    code = "bad-upload"


class StorageUnavailable(DoorError):
    """The disk or the database cannot take anything now; nothing was accepted."""

    code = "storage-unavailable"
    retryable = True


class LostRace(GatewayError):
    """Another worker changed the row between our reading and our writing."""

    code = "lost-race"
    retryable = True


class SchemaMismatch(GatewayError):
    """The database is older or newer than this program: run `octway migrate`."""

    code = "schema-mismatch"


class NodeRunning(GatewayError):
    """A node of this name runs already; two would mix up their work."""

    code = "node-running"


class IntegrityBroken(GatewayError):
    """Something stored is not what was stored."""

    code = "integrity-broken"


class BackupFailed(GatewayError):
    """A backup or restore cannot be done so; what was there before is as it was."""

    code = "backup-failed"
