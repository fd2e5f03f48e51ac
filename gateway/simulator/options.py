"""What a person may ask of the demo."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen


@frozen(kw_only=True)
class DemoOptions:
    """The options of `octway demo`.

    `dir` None is a temporary folder; `seconds` None runs until Ctrl-C; `open`
    opens the console in a browser; `json` prints nothing but one object at the end.
    """

    dir: Path | None = None
    seconds: float | None = None
    clients: int = 6
    seed: int = 1
    open: bool = False
    json: bool = False
