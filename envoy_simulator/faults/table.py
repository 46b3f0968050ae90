"""All faults by name."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from envoy_simulator.faults import access, bodies, devices, documents, http, load_faults, sequences, tcp, tls, units
from envoy_simulator.faults.fault import Fault, FaultError

_MODULES = (tcp, tls, http, bodies, documents, devices, units, access, load_faults, sequences)

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {fault.name: fault for module in _MODULES for fault in vars(module).values() if isinstance(fault, Fault)}
)


def find_fault(name: str) -> Fault:
    """The fault with this name. Raises FaultError."""
    if name in FAULTS:
        return FAULTS[name]
    near = get_close_matches(name, FAULTS, 1)
    raise FaultError(f"unknown fault {name!r}" + (f' (did you mean "{near[0]}"?)' if near else ""))
