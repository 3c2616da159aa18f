"""The records as they stood at one commit of the records branch."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlci.errors import Broken
from mlci.gitops.repository import Repository
from mlci.records.delivery import Blob, DeliveryRecord, from_json_bytes

_SEQ = re.compile(r"0*([1-9][0-9]*)\.json")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class RecordsSnapshot:
    """``commit`` is the branch's tip, None where there are no records yet."""

    repository: Repository
    commit: str | None

    def deliveries(self, environment: str, model: str) -> tuple[DeliveryRecord, ...]:
        """All records of one model in one environment, in ``seq`` order.

        Raises Broken where one is malformed, missing, or lies under another's name.
        """
        contents = self._read(f"deliveries/{environment}/{model}")
        return history_of(contents, environment, model)

    def environments(self) -> tuple[str, ...]:
        """The environments that have records."""
        return self._children("deliveries")

    def verdicts(self, manifest_digest: str) -> Mapping[str, bytes]:
        """File name -> JSON object of each verdict on the manifest, in the order of the names.

        Raises Broken where one is malformed.
        """
        if not _DIGEST.fullmatch(manifest_digest):
            return {}
        digits = manifest_digest.removeprefix("sha256:")
        contents = self._read(f"verdicts/{digits[:2]}/{digits}")
        for path, content in contents.items():
            _check_object(path, content)
        return {path.rsplit("/", 1)[1]: content for path, content in sorted(contents.items())}

    def all_verdicts(self) -> Mapping[str, bytes]:
        """Path -> content of every verdict, of all releases."""
        return self._read("verdicts")

    def present(self, paths: Sequence[str]) -> Mapping[str, Blob]:
        """Those of ``paths`` that the records hold."""
        return self.repository.present(self.commit, paths) if self.commit else {}

    def _children(self, directory: str) -> tuple[str, ...]:
        return self.repository.children(self.commit, directory) if self.commit else ()

    def _read(self, prefix: str) -> dict[str, bytes]:
        if self.commit is None:
            return {}
        paths = self.repository.paths(self.commit, prefix)
        return self.repository.read_many(self.commit, paths)


def history_of(
    contents: Mapping[str, bytes], environment: str, model: str
) -> tuple[DeliveryRecord, ...]:
    """The records of one model in ``seq`` order, from path -> content of each.

    Raises Broken where one is malformed, missing, or lies under another's name.
    """
    records = [_record(path, content) for path, content in contents.items()]
    records.sort(key=lambda record: record.seq)
    for number, record in enumerate(records, start=1):
        if (record.environment, record.model, record.seq) != (environment, model, number):
            raise Broken(
                place=f"mlci/records:deliveries/{environment}/{model}",
                found=f"record {record.seq} of {record.model}/{record.environment}",
                expected=f"record {number} of {model}/{environment}",
                next_step="see `git log mlci/records` for who changed it, and restore it",
            )
    return tuple(records)


def _record(path: str, content: bytes) -> DeliveryRecord:
    record = from_json_bytes(content, f"mlci/records:{path}")
    number = _SEQ.fullmatch(path.rsplit("/", 1)[1])
    if number is None or int(number[1]) != record.seq:
        raise Broken(
            place=f"mlci/records:{path}",
            found=f"holds record {record.seq}",
            expected="a file named after its record's number",
            next_step="see `git log mlci/records` for who changed it, and restore it",
        )
    return record


def _check_object(path: str, content: bytes) -> None:
    try:
        if isinstance(json.loads(content), dict):
            return
        found = "no JSON object"
    except (ValueError, RecursionError) as error:
        found = f"no JSON: {error}"
    raise Broken(
        place=f"mlci/records:{path}",
        found=found,
        expected="a verdict as mlci wrote it",
        next_step="see `git log mlci/records` for who changed it, and restore it",
    )
