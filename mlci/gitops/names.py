"""Which texts may be handed to git as a revision, a branch or a path.

Names come from manifests, flags and remotes: whatever git could read as an option, a range, a
pathspec or a way out of a directory is refused before git sees it.
"""

import re

from mlci.errors import BadInput

OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REVISION = re.compile(r"[\w@][\w./+@{}~^#-]*")
_BRANCH = re.compile(r"\w[\w.+@#-]*(?:/\w[\w.+@#-]*)*")
_PATH = re.compile(r"[^/\x00]+(?:/[^/\x00]+)*")


def oid(text: str) -> str:
    """``text`` if it is a full object id. Raises BadInput."""
    if OID.fullmatch(text):
        return text
    raise BadInput(
        place=repr(text), found="is no object's id", expected="40 or 64 hexadecimal digits"
    )


def revision(text: str) -> str:
    """``text`` if git reads it as one revision. Raises BadInput."""
    if _REVISION.fullmatch(text) and ".." not in text:
        return text
    raise BadInput(
        place=repr(text),
        found="is no revision's name",
        expected="a branch, a tag or a commit, such as origin/main",
        next_step="see `git branch --all` for the names that exist",
    )


def branch(text: str) -> str:
    """``text`` if it can name a branch. Raises BadInput."""
    parts = text.split("/")
    if (
        _BRANCH.fullmatch(text)
        and ".." not in text
        and not any(part.endswith((".", ".lock")) for part in parts)
    ):
        return text
    raise BadInput(
        place=repr(text),
        found="is no branch's name",
        expected="letters, digits and ._/+@#-, such as main or origin/main",
        next_step="see `git branch --all` for the names that exist",
    )


def path(text: str) -> str:
    """``text`` if it is a file's path relative to the repository's root. Raises BadInput."""
    if _PATH.fullmatch(text) and not {".", "..", ".git"} & set(text.split("/")):
        return text
    raise BadInput(
        place=repr(text),
        found="is no path inside the repository",
        expected="a path relative to the repository's root, without . and ..",
        next_step="name the file from the root, such as releases/income/production.yaml",
    )
