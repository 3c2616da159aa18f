"""All objects of one kind, kept as they are in the cluster: a list, then watches from there on.

A watch is short and the server ends it, so that one which says nothing past its end has stalled.
Whatever ends it otherwise (a version that is too old, a server that went away, an answer that is
none) is followed by a new list, and so is time: what was missed once isn't missed for good.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mlci.delivery.argo.answers import GONE, Refused
from mlci.delivery.argo.cluster import Cluster
from mlci.delivery.argo.stream import Stream
from mlci.errors import Broken

T = TypeVar("T")
PAGE = "500"
FIRST, LONGEST = 0.25, 10.0  # seconds before a server that failed is asked again


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds: a watch lasts ``watch``, may say nothing for ``silence`` more, and after ``relist``
    all is listed again."""

    watch: float = 15.0
    silence: float = 5.0
    relist: float = 600.0


@dataclass(frozen=True, kw_only=True)
class Seen(Generic[T]):
    """``records`` by uid; the rest as in ``Live``."""

    records: Mapping[str, T]
    read_at: float
    event_at: float
    trouble: str


class Collection(Generic[T]):
    """The objects at ``path`` that ``selector`` selects by labels. ``parse`` makes a record of a
    document and raises nothing; ``changed`` is set whenever there is news."""

    def __init__(
        self,
        cluster: Cluster,
        path: str,
        selector: str,
        parse: Callable[[Mapping[str, Any]], T],
        *,
        patience: Patience,
        changed: threading.Event,
    ) -> None:
        self._cluster = cluster
        self._path = path
        self._selector = selector
        self._parse = parse
        self._patience = patience
        self._changed = changed
        self._lock = threading.Lock()  # guards what follows
        self._records: dict[str, tuple[str, T]] = {}  # by uid, with the resourceVersion
        self._read_at = self._event_at = 0.0
        self._trouble = "nothing was read yet"
        self._stream: Stream | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"follow {path}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def seen(self) -> Seen[T]:
        with self._lock:
            return Seen(
                records={uid: record for uid, (_, record) in self._records.items()},
                read_at=self._read_at,
                event_at=self._event_at,
                trouble=self._trouble,
            )

    def close(self, patience: float = 5.0) -> None:
        """Ends following. A request that hangs ends by its own timeout, after ``patience``."""
        self._closed.set()
        with self._lock:
            if self._stream is not None:
                self._stream.stop()
        self._thread.join(patience)

    def _run(self) -> None:
        failures = 0
        while not self._closed.is_set():
            try:
                self._follow(self._list())
                failures = 0
            except Exception as error:  # whatever it is: what is shown isn't current any more
                if not (isinstance(error, Refused) and error.code == GONE):
                    self._troubled(str(error) or type(error).__name__)
                pause = min(FIRST * 2**failures, LONGEST)
                failures = min(failures + 1, 10)
                self._closed.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311

    def _list(self) -> str:
        """All of it anew; the version from which a watch goes on. Parses what is not as before."""
        began = time.monotonic()
        items: list[Any] = []
        query = {"labelSelector": self._selector, "limit": PAGE}
        while True:
            page = self._cluster.get(self._path, **query)
            try:
                version, more = str(page["metadata"]["resourceVersion"]), page["metadata"]
                items += page["items"]
            except (KeyError, TypeError):
                raise _strange(self._path, "a list without version or items") from None
            if not more.get("continue"):
                break
            query["continue"] = more["continue"]
        fresh = {uid: (known, item) for item in items for uid, known in [_named(self._path, item)]}
        with self._lock:
            before = self._records
            self._records = {
                uid: before[uid]
                if uid in before and before[uid][0] == known
                else (known, self._parse(item))
                for uid, (known, item) in fresh.items()
            }
            self._read_at = began
            if self._records != before:
                self._event_at = time.monotonic()
            self._trouble = ""
        self._changed.set()
        return version

    def _follow(self, version: str) -> None:
        """Until it is time for a new list, or the follower is closed."""
        end = time.monotonic() + self._patience.relist
        while (began := time.monotonic()) < end and not self._closed.is_set():
            stream = self._cluster.watch(
                self._path,
                seconds=self._patience.watch,
                silence=self._patience.silence,
                labelSelector=self._selector,
                resourceVersion=version,
            )
            with self._lock:
                self._stream = stream
                if self._closed.is_set():
                    stream.stop()
            for event in stream:
                version = self._take(event["type"], event["object"])
            with self._lock:
                self._read_at = time.monotonic()
            if self._read_at - began < FIRST:  # a server that ends each watch at once
                self._closed.wait(FIRST)

    def _take(self, kind: str, item: Any) -> str:
        """One event; the version after it."""
        if kind == "BOOKMARK":
            with self._lock:
                self._read_at = time.monotonic()
            return _version(self._path, item)
        uid, version = _named(self._path, item)
        record = None if kind == "DELETED" else (version, self._parse(item))
        with self._lock:
            self._read_at = self._event_at = time.monotonic()
            if record is None:
                self._records.pop(uid, None)
            else:
                self._records[uid] = record
        self._changed.set()
        return version

    def _troubled(self, why: str) -> None:
        with self._lock:
            news = self._trouble != why
            self._trouble = why
        if news:
            self._changed.set()


def _named(path: str, item: Any) -> tuple[str, str]:
    """Its uid and version."""
    try:
        return str(item["metadata"]["uid"]), _version(path, item)
    except (KeyError, TypeError):
        raise _strange(path, "an object without uid") from None


def _version(path: str, item: Any) -> str:
    try:
        return str(item["metadata"]["resourceVersion"])
    except (KeyError, TypeError):
        raise _strange(path, "an object without version") from None


def _strange(path: str, found: str) -> Broken:
    return Broken(place=path, found=found, expected="an answer of a Kubernetes API server")
