"""`--demo`: a simulated gateway to look at, and the config that scrapes it. The sun's day takes twenty minutes."""

import contextlib
from collections.abc import Iterator

from envoy_exporter.config import Config, Gateway, Host
from envoy_exporter.config.model import CollectorSettings, Duration, Scheme, Serial
from envoy_exporter.secret import Secret
from envoy_exporter.simulator import Simulator

DAY = 1200.0
REPORT_INTERVAL = 30
AGES = {"production": 10.0, "batteries": 10.0, "inverters": 30.0}
"""Seconds: this gateway bears to be asked as often as its sun moves."""


@contextlib.contextmanager
def running() -> Iterator[Config]:
    """The gateway answers as long as the context lasts."""
    with Simulator("8.3", tls=False, day=DAY, report_interval=REPORT_INTERVAL) as simulated:
        address, _, port = simulated.address.rpartition(":")
        gateway = Gateway(
            host=Host(simulated.address, address, int(port)),
            name="demo",
            scheme=Scheme("http"),
            serial=Serial(simulated.serial),
            token=Secret(simulated.token),
            collectors={name: CollectorSettings(max_age=Duration(age)) for name, age in AGES.items()},
        )
        yield Config(gateways=(gateway,))
