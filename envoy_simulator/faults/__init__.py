"""What can go wrong with a gateway, by name: to be switched on and off while it runs."""

from envoy_simulator.faults.fault import Acts, Fault, FaultError, Needs
from envoy_simulator.faults.hooks import Faults, Guise, Listening, NoFaults
from envoy_simulator.faults.injector import Switchboard, Switched
from envoy_simulator.faults.table import FAULTS
from envoy_simulator.faults.when import When

__all__ = [
    "FAULTS",
    "Acts",
    "Fault",
    "FaultError",
    "Faults",
    "Guise",
    "Listening",
    "Needs",
    "NoFaults",
    "Switchboard",
    "Switched",
    "When",
]
