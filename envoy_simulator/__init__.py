"""A simulated Enphase Envoy (IQ Gateway): what the exporter is shown on, and tested against.

It stands on the standard library alone, and imports nothing of the exporter: what both agree on, they agree on
because real gateways are like that.
"""

from envoy_simulator.profiles import PROFILES, Profile
from envoy_simulator.simulator import Simulator

__all__ = ["PROFILES", "Profile", "Simulator"]
