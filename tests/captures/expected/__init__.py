"""What the exporter must expose of a recorded gateway: a module for each document or group of documents.

They are written from the documentation of the metrics and of the gateway's API. They import nothing of the exporter.
"""

from collections.abc import Iterator
from typing import NamedTuple

from support.exposition import Key, key

from captures.expected import (
    api_v1,
    device_data,
    ensemble,
    gateway_info,
    home,
    inventory,
    iq_relays,
    meters,
    pdm_energy,
    production_json,
    site_settings,
    tariff,
)
from captures.expected.check import Check, Part
from captures.recording import Recording

MODULES = (
    gateway_info,
    production_json,
    api_v1,
    meters,
    device_data,
    inventory,
    ensemble,
    site_settings,
    iq_relays,
    tariff,
    home,
    pdm_energy,
)
PARTS: tuple[Part, ...] = tuple(part for module in MODULES for part in module.PARTS)
METRICS = {check.metric for part in PARTS for check in part.checks}


class Number(NamedTuple):
    """A sample that must be exposed, and the check that requires it."""

    part: Part
    check: Check
    key: Key
    value: float


def numbers(recording: Recording) -> Iterator[Number]:
    for part in PARTS:
        for labels, node in part.find(recording):
            for check in part.checks:
                value = check.number(node)
                if value is not None:
                    yield Number(part, check, key(check.metric, **labels, **check.labels(node)), value)
