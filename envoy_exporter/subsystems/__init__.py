"""The table of contents: one module a subsystem, in the order in which their families are shown."""

from . import batteries, controller, generator, identity, inverters, iq_relay, layout, meters, production, relays
from .subsystem import Subsystem

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
)
