"""A gateway polled again and again: each poll with new documents, and what a subsystem remembers handed on."""

from collections.abc import Mapping

from envoy_exporter.collectors.collector import Read, Settings, Subsystem
from envoy_exporter.documents import INFO, Document, Documents, Json
from support.documents import NOW, check, information


class Polled:
    """One subsystem of one gateway. `step`: seconds between polls, unless a poll says otherwise."""

    def __init__(self, subsystem: Subsystem, step: float = 60.0) -> None:
        self.now = NOW
        self.memory: object = None
        self._subsystem = subsystem
        self._step = step

    def poll(
        self,
        at_hand: Mapping[str, Json],
        *,
        after: float | None = None,
        info: Json = None,
    ) -> Read:
        """Some time later. Read twice, as a second scrape would: the same documents say the same."""
        self.now += self._step if after is None else after
        contents = {INFO: info or {**dict(information()), "time": str(int(self.now))}, **at_hand}  # type: ignore[arg-type]
        seen = Documents({name: Document(each, asked=self.now) for name, each in contents.items()})
        read = self._read(seen, self.memory)
        again = self._read(seen, read.memory)
        assert (again.readings, again.refusals) == (read.readings, read.refusals), "one document, two judgements"
        self.memory = again.memory
        return read

    def _read(self, seen: Documents, memory: object) -> Read:
        read = self._subsystem.read(seen, Settings(), memory, self.now)
        check(read)
        assert {refusal.rule for refusal in read.refusals} <= set(self._subsystem.RULES)
        return read


def rules(read: Read, *which: str) -> list[tuple[str, str]]:
    """What was refused, by rule and key; of these rules alone, if any are named."""
    return [(each.rule, each.key) for each in read.refusals if each.rule in which or not which]
