"""What an API server says that isn't what was asked for, as errors a person can act on."""

import json

from mlci.errors import Broken

GONE, CONFLICT, NOT_FOUND = 410, 409, 404
_STEPS = {
    401: "renew the credentials",
    403: "apply the agent's Role again: `mlci render --environment`",
}


class Refused(Broken):
    """The API server has answered, but not with success; ``code`` is its HTTP status."""

    def __init__(self, *, code: int, place: str, found: str, next_step: str = "") -> None:
        self.code = code
        super().__init__(place=place, found=found, expected="success", next_step=next_step)

    @property
    def passes(self) -> bool:
        """Asked again it may succeed: somebody wrote meanwhile, or the server starts or is busy."""
        return self.code in (CONFLICT, 429) or self.code >= 500


def refused(place: str, code: int, content: bytes) -> Refused:
    """``content`` is the body of the answer: a Status, or whatever stands in between."""
    try:
        said = json.loads(content)
        message = str(said.get("message") or said.get("reason") or said)
    except (ValueError, AttributeError):
        message = repr(content[:120].decode(errors="replace"))
    found = f"HTTP {code}: {message}"
    return Refused(code=code, place=place, found=found, next_step=_STEPS.get(code, ""))


def no_answer(place: str, found: str | Exception) -> Broken:
    if isinstance(found, Exception):
        found = " ".join(str(found).split()) or type(found).__name__
    return Broken(
        place=place,
        found=found,
        expected="an answer of the Kubernetes API server",
        next_step="see whether it is up, and reachable from here",
    )
