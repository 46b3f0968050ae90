"""The numbers of the channels of inverters that have several: a part of `inverters`."""

from collections.abc import Mapping, Sequence

from envoy_exporter import entries
from envoy_exporter.documents import Documents
from envoy_exporter.fields import FieldReader

from . import inverter_source
from .document_reader import DocumentReader

Ids = tuple[int, ...]
"""The ids of one inverter's channels, in the order of their numbers."""


def channel_ids(seen: Documents, known: Mapping[str, Ids]) -> dict[str, Ids]:
    """`known` after this document. Fewer channels than before are a document without one of them."""
    ids = dict(known)
    for serial, device in inverter_source.of_device_data(DocumentReader(seen)):
        before = ids.get(serial, ())
        listed = ids_of(list(device.objects("channels")))
        if len(listed) > 1 and len(listed) >= len(before) and not (are_places(listed) and before):
            kept = tuple(id_ for id_ in before if id_ in listed)
            ids[serial] = (*kept, *sorted(set(listed) - set(kept)))
    return ids


def ids_of(channels: Sequence[FieldReader]) -> Ids:
    """The channels' own numbers, or their places if the numbers do not distinguish them."""
    ids = tuple(id_ for channel in channels if (id_ := entries.integer(channel.fields.get("chanEid"))) is not None)
    return ids if len(set(ids)) == len(channels) else tuple(range(len(channels)))


def are_places(ids: Ids) -> bool:
    return ids == tuple(range(len(ids)))
