"""The table of contents: one module a subsystem, in the order in which their families are shown."""

from . import batteries, identity, inverters, meters, production
from .subsystem import Subsystem

SUBSYSTEMS: tuple[Subsystem, ...] = (identity, production, meters, inverters, batteries)
