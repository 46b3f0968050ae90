"""The faults of a gateway, by name. They are switched on and off while it runs."""

from envoy_simulator.faults.fault import Fault, FaultError, Layer, Needs
from envoy_simulator.faults.hooks import Hooks, Identity, Listening, NoFaults
from envoy_simulator.faults.injector import ActiveFault, FaultInjector
from envoy_simulator.faults.table import FAULTS
from envoy_simulator.faults.when import When

__all__ = [
    "FAULTS",
    "ActiveFault",
    "Fault",
    "FaultError",
    "FaultInjector",
    "Hooks",
    "Identity",
    "Layer",
    "Listening",
    "Needs",
    "NoFaults",
    "When",
]
