"""What is served beside the API: the console, and nothing else."""

from __future__ import annotations

from attrs import frozen

from gateway.api.problems import Refusal
from gateway.api.routes import Answer, Asked, Elsewhere


@frozen
class Beside:
    """Answers what is no route of the API: `below` a folder, and the root.

    The root sends a browser to `home`.
    """

    home: str = "/docs"
    below: str = ""
    answer: Elsewhere | None = None

    async def __call__(self, asked: Asked) -> Answer:
        """Answer a request, or raise the refusal that says nothing is there."""
        top = f"/{self.below}"
        if self.answer and (asked.path == top or asked.path.startswith(top + "/")):
            return await self.answer(asked)
        if asked.path != "/":
            raise Refusal(
                "not-found",
                "there is nothing under this address; /docs names all that there are",
            )
        if asked.method not in {"GET", "HEAD"}:
            raise Refusal(
                "method-not-allowed",
                f"{asked.method} means nothing on /; it takes GET, HEAD",
                headers=((b"Allow", b"GET, HEAD"),),
            )
        return Answer(status=302, headers=((b"Location", self.home.encode()),))
