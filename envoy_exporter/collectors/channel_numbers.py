"""Which channel of an inverter has which number: a part of `inverters`.

Channels are known by their ids (chanEid), or by their places where these do not tell them apart. A number keeps its
channel, so that no series takes over the register of another channel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from envoy_exporter import entries
from envoy_exporter.fields import MAX_DEVICES, FieldReader

KEPT_FOR = 86_400.0
"""Seconds for which channels are waited for that the gateway does not list any more."""

Id = int | str
"""A chanEid, or a place as text."""
Ids = tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class ChannelNumbers:
    """The ids of an inverter's channels, and the latest document that listed the inverter. Slot i is channel i + 1.

    `known`: the ids that are remembered, since two successive documents have listed the same ones. `slots`: those of
    the latest document, in which new ones follow. `listed`: the ids that this document lists and that have a slot.
    `complete_at`: when the last document was requested that listed all known ids but the retired ones. `retired`: the
    known ids that have not been listed for a day; they keep their slots. `unknown`: what this document lists instead of
    known ids.
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
    found = [id_ for channel in channels if (id_ := entries.integer(channel.fields.get("chanEid"))) is not None]
    return tuple(found) if len(set(found)) == len(channels) else tuple(f"#{place}" for place in range(len(channels)))


def numbered(before: ChannelNumbers | None, sent: Ids, requested_at: float) -> ChannelNumbers:
    """The numbers in a document that lists these ids.

    A known id keeps its slot while any known id survives; it retires once it has not been listed for a day. All are
    replaced if two successive documents list the same other ids, or if none could be matched for a day.
    """
    if before is not None and requested_at == before.requested_at:
        return before  # the same document
    before = before or ChannelNumbers((), (), (), requested_at, requested_at)
    known, lasting = before.known, before.requested_at - before.complete_at < KEPT_FOR
    complete_at = min(before.complete_at, requested_at)
    listed = sent if _are_places(sent) else tuple(sorted(sent, key=float))
    is_matched = _can_be_matched(sent, known)
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


def _can_be_matched(sent: Ids, known: Ids) -> bool:
    """Places are no ids, and of fewer places than before it is not known which one is missing."""
    return bool(sent) and _are_places(sent) == _are_places(known) and not (_are_places(sent) and len(sent) < len(known))


def _base(before: ChannelNumbers, listed: Ids) -> Ids:
    """The slots that stay: those of the latest document where they begin with the known ones, else the known ones."""
    slots, known = before.slots, before.known
    candidates = (slots,) if slots[: len(known)] == known else (known, slots)
    return next((slots for slots in candidates if not set(slots).isdisjoint(listed)), ())


def _extended(base: Ids, listed: Ids, known: Ids) -> Ids:
    """The base and what is new, without the last ones that are neither listed nor known."""
    slots = (*base, *(id_ for id_ in listed if id_ not in base))
    while slots and slots[-1] not in listed and slots[-1] not in known:
        slots = slots[:-1]
    return slots


def _are_places(sent: Ids) -> bool:
    return any(isinstance(id_, str) for id_ in sent)


def remembered(
    before: Mapping[str, ChannelNumbers], after: Mapping[str, ChannelNumbers | None], requested_at: float
) -> dict[str, ChannelNumbers]:
    """Those of the inverters that this document lists, and of others that one of the last day has listed.

    `after` has None for an inverter with one channel.
    """
    listed = ((serial, numbers) for serial, numbers in after.items() if numbers is not None)
    recent = (
        (serial, numbers)
        for serial, numbers in before.items()
        if serial not in after and requested_at - numbers.requested_at < KEPT_FOR
    )
    return dict(islice(chain(listed, recent), MAX_DEVICES))
