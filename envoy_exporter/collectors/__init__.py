"""The table of contents: one module a subsystem, in the order in which their families are shown."""

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
from .collector import Subsystem

SUBSYSTEMS: tuple[Subsystem, ...] = (
    identity,
    production,
    meters,
    inverters,
    layout,
    batteries,
    controller,
    relays,
    generator,
    iq_relay,
    tariff,
    limits,
    network,
    livedata,
    installer,
)
