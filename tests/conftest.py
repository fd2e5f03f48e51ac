"""How property tests search: the same way every time, or anew on demand.

What lands must not hang on luck, so `make test` tries the same cases in every
run; `make fuzz` tries new ones, ten times as many.  Neither judges by time.

What SQLAlchemy compiled for one test's engine serves the others of the run.
"""

from __future__ import annotations

from hypothesis import settings

from tests.engines import share_statements

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("fuzz", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("same")

share_statements()
