"""A gateway polled again and again: each poll with new documents, and what a collector remembers handed on."""

from collections.abc import Mapping
from typing import Any

from envoy_exporter.collectors.collector import Collector, Result
from envoy_exporter.documents import INFO, Document, Documents, Json
from support.documents import NOW, check, information, read_documents


class PollSequence:
    """One collector of one gateway. `step`: seconds between polls, unless a poll says otherwise."""

    def __init__(self, collector: Collector[Any], step: float = 60.0) -> None:
        self.now = NOW
        self.memory: object = collector.memory
        self._collector = collector
        self._step = step

    def poll(
        self,
        available: Mapping[str, Json],
        *,
        after: float | None = None,
        info: Json = None,
    ) -> Result[Any]:
        """Some time later. Result[Any] twice, as a second scrape would: the same documents say the same."""
        self.now += self._step if after is None else after
        contents = {INFO: info or {**dict(information()), "time": str(int(self.now))}, **available}  # type: ignore[arg-type]
        seen = Documents({name: Document(each, requested_at=self.now) for name, each in contents.items()})
        read = self._read(seen, self.memory)
        again = self._read(seen, read.memory)
        assert (again.readings, again.rejections) == (read.readings, read.rejections), "one document, two judgements"
        self.memory = again.memory
        return read

    def _read(self, seen: Documents, memory: object) -> Result[Any]:
        read = read_documents(self._collector, seen, memory=memory, now=self.now)
        check(read)
        assert {rejection.rule for rejection in read.rejections} <= set(self._collector.rules)
        return read


def rejected_rules(read: Result[Any], *which: str) -> list[tuple[str, str]]:
    """What was rejected, by rule and key; of these rules alone, if any are named."""
    return [(each.rule, each.key) for each in read.rejections if each.rule in which or not which]
