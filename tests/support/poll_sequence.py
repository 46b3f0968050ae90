"""A sequence of polls of one collector: each has new documents, and the memory of the poll before."""

from collections.abc import Mapping
from typing import Any

from envoy_exporter.collectors.collector import Collector, Result
from envoy_exporter.documents import INFO, Document, Documents, Json
from support.documents import NOW, check, information, read_documents


class PollSequence:
    """One collector of one gateway. `step`: seconds between polls, if a poll does not set them."""

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
        """The result for the documents some time later. They are read twice, as by two scrapes, with equal results."""
        self.now += self._step if after is None else after
        contents = {INFO: info or {**dict(information()), "time": str(int(self.now))}, **available}  # type: ignore[arg-type]
        current = Documents({name: Document(content, requested_at=self.now) for name, content in contents.items()})
        read = self._read(current, self.memory)
        again = self._read(current, read.memory)
        assert (again.readings, again.rejections) == (read.readings, read.rejections), (
            "the same document gave two results"
        )
        self.memory = again.memory
        return read

    def _read(self, current: Documents, memory: object) -> Result[Any]:
        read = read_documents(self._collector, current, memory=memory, now=self.now)
        check(read)
        assert {rejection.rule for rejection in read.rejections} <= set(self._collector.rules)
        return read


def rejected_rules(read: Result[Any], *which: str) -> list[tuple[str, str]]:
    """The rule and key of each rejected value; only of these rules, if any are named."""
    return [(rejection.rule, rejection.key) for rejection in read.rejections if rejection.rule in which or not which]
