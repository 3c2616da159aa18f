"""How things are named: by what they hold."""

import hashlib


def digest_of(content: bytes) -> str:
    """``sha256:<64 hex>`` of the bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
