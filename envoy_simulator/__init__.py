"""A simulated Enphase Envoy (IQ Gateway), for demonstrations and tests of the exporter.

It needs only the standard library (and trustme for TLS) and imports nothing of the exporter, so that the two agree only
because real gateways behave that way.
"""

from envoy_simulator.profiles import PROFILES, Profile
from envoy_simulator.simulator import Simulator

__all__ = ["PROFILES", "Profile", "Simulator"]
