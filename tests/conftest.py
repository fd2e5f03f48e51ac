"""How property tests search: the same way every time, or anew on demand.

What lands must not hang on luck, so `make test` tries the same cases in every
run; `make fuzz` tries new ones, ten times as many.  Neither judges by time.
"""

from __future__ import annotations

from hypothesis import settings

from tests import compiled_once

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("fuzz", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("same")

compiled_once.share()
