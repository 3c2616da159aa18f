"""Many objects from one `git cat-file --batch`."""

from collections.abc import Callable, Sequence

from mlci.errors import Broken
from mlci.gitops import names
from mlci.gitops.plumbing import Output, must


def read_blobs(git: Callable[..., Output], oids: Sequence[str], *, place: str) -> dict[str, bytes]:
    """The bytes of each blob. Raises Broken for an object that is missing or no blob."""
    unique = tuple(dict.fromkeys(map(names.oid, oids)))
    if not unique:
        return {}
    output = must(
        git("cat-file", "--batch", feed="".join(f"{oid}\n" for oid in unique).encode()),
        place=place,
        expected="readable objects",
    )
    contents = {}
    rest = memoryview(output.stdout)
    for oid in unique:
        # "<oid> <type> <size>\n<bytes>\n", or "<oid> missing\n"
        header = bytes(rest[:100]).split(b"\n", 1)[0]
        words = header.split(b" ")
        if len(words) != 3 or words[1] != b"blob":
            raise Broken(
                place=oid,
                found="is missing" if words[-1] == b"missing" else f"is a {words[1].decode()}",
                expected=f"a file's object in {place}",
                next_step="fetch again; `git fsck` tells what is damaged",
            )
        start = len(header) + 1
        contents[oid] = bytes(rest[start : start + int(words[2])])
        rest = rest[start + int(words[2]) + 1 :]
    return contents
