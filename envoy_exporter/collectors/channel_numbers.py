"""The numbers of the channels of an inverter: a part of `inverters`.

Channels are identified by their ids (chanEid), or by their places where the ids are not distinct. A channel keeps its
number, so that no series continues with the register of another channel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from envoy_exporter import entries
from envoy_exporter.fields import MAX_DEVICES, FieldReader

KEPT_FOR = 86_400.0
"""Seconds for which a channel that is no longer listed is expected to return."""

Id = int | str
"""A chanEid, or a place as text."""
Ids = tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class ChannelNumbers:
    """The ids of an inverter's channels after one document. Slot i is channel number i + 1.

    `known`: the remembered ids, which two successive documents have listed alike. `slots`: the ids in the order of
    their numbers; new ones follow the known ones. `listed`: the ids that this document lists and that have a slot.
    `requested_at`: when the document was requested. `complete_at`: the same of the last document that listed all known
    ids but the retired ones. `retired`: known ids that have not been listed for a day; they keep their slots.
    `unknown`: the ids that this document lists instead of known ids.
    """

    known: Ids
    slots: Ids
    listed: Ids
    requested_at: float
    complete_at: float
    retired: frozenset[Id] = frozenset()
    unknown: Ids = ()

    def is_retired(self, place: int) -> bool:
        return place < len(self.slots) and self.slots[place] in self.retired


def ids(channels: Sequence[FieldReader]) -> Ids:
    """The chanEids of all channels, or their places if these are not distinct integers."""
    found = [id_ for channel in channels if (id_ := entries.integer(channel.fields.get("chanEid"))) is not None]
    return tuple(found) if len(set(found)) == len(channels) else tuple(f"#{place}" for place in range(len(channels)))


def next_numbers(before: ChannelNumbers | None, current: Ids, requested_at: float) -> ChannelNumbers:
    """The numbers after a document that lists the ids in `current`.

    A known id keeps its slot while any known id is still listed, and retires once it has not been listed for a day. All
    ids are replaced if two successive documents list the same other ids, or if no id could be matched for a day.
    """
    if before is not None and requested_at == before.requested_at:
        return before  # the same document
    before = before or ChannelNumbers((), (), (), requested_at, requested_at)
    known, lasting = before.known, before.requested_at - before.complete_at < KEPT_FOR
    complete_at = min(before.complete_at, requested_at)
    listed = current if _are_places(current) else tuple(sorted(current, key=float))
    is_matched = _can_be_matched(current, known)
    is_new = known and is_matched and set(known).isdisjoint(listed)
    if known and ((lasting and not is_matched) or (is_new and before.unknown != listed)):
        return ChannelNumbers(known, known, (), requested_at, complete_at, before.retired, listed if is_new else ())
    if not is_matched:
        known = ()
    slots = _extended(_base(before, listed), listed, known)
    if listed in {before.listed, before.unknown}:
        known = slots
    retired = before.retired.intersection(known).difference(listed)
    missing = set(known) - retired - set(listed)
    if missing and not lasting:
        retired, missing = retired | missing, set()
    complete_at = complete_at if missing else requested_at
    return ChannelNumbers(known if len(known) > 1 else (), slots, listed, requested_at, complete_at, retired)


def _can_be_matched(current: Ids, known: Ids) -> bool:
    """Whether the channels can be identified: not by places if there are fewer than before, as any may be missing."""
    places = _are_places(current)
    return bool(current) and places == _are_places(known) and not (places and len(current) < len(known))


def _base(before: ChannelNumbers, listed: Ids) -> Ids:
    """The slots to keep: those of the latest document if they start with the known ids, else the known ids."""
    slots, known = before.slots, before.known
    candidates = (slots,) if slots[: len(known)] == known else (known, slots)
    return next((slots for slots in candidates if not set(slots).isdisjoint(listed)), ())


def _extended(base: Ids, listed: Ids, known: Ids) -> Ids:
    """The base with new ids appended, without trailing ids that are neither listed nor known."""
    slots = (*base, *(id_ for id_ in listed if id_ not in base))
    while slots and slots[-1] not in listed and slots[-1] not in known:
        slots = slots[:-1]
    return slots


def _are_places(ids_or_places: Ids) -> bool:
    return any(isinstance(id_, str) for id_ in ids_or_places)


def remembered(
    before: Mapping[str, ChannelNumbers], after: Mapping[str, ChannelNumbers | None], requested_at: float
) -> dict[str, ChannelNumbers]:
    """The numbers to remember: of inverters in this document, and of those that a document of the last day listed.

    `after`: the numbers after this document; None for an inverter with one channel.
    """
    listed = ((serial, numbers) for serial, numbers in after.items() if numbers is not None)
    recent = (
        (serial, numbers)
        for serial, numbers in before.items()
        if serial not in after and requested_at - numbers.requested_at < KEPT_FOR
    )
    return dict(islice(chain(listed, recent), MAX_DEVICES))
