"""The collectors, in the order in which their metrics are exposed."""

from typing import Any

from . import (
    batteries,
    controller,
    generator,
    identity,
    installer,
    inverters,
    iq_relay,
    layout,
    limits,
    livedata,
    meters,
    network,
    production,
    relays,
    tariff,
)
from .collector import Collector

COLLECTORS: tuple[Collector[Any], ...] = (  # their memories have different types
    identity.COLLECTOR,
    production.COLLECTOR,
    meters.COLLECTOR,
    inverters.COLLECTOR,
    layout.COLLECTOR,
    batteries.COLLECTOR,
    controller.COLLECTOR,
    relays.COLLECTOR,
    generator.COLLECTOR,
    iq_relay.COLLECTOR,
    tariff.COLLECTOR,
    limits.COLLECTOR,
    network.COLLECTOR,
    livedata.COLLECTOR,
    installer.COLLECTOR,
)
