"""A gateway, the simulated Enlighten, and an exporter that logs in there."""

from pathlib import Path
from typing import Self

from envoy_exporter.enlighten.account import Account
from envoy_exporter.gateway.settings import Settings
from envoy_simulator import Simulator
from envoy_simulator.cloud import Cloud
from envoy_simulator.faults import NoFaults
from support.clock import ManualClock
from support.enlighten import account, token_renewal
from support.exposition import Exposition
from support.gateways import settings
from support.in_process_exporter import InProcessExporter

DAY, HOUR, MINUTE = 86400.0, 3600.0, 60.0
FEW = frozenset({"production", "inverters"})
ACCOUNT = "owner@example.com"


class EnlightenSetup:
    """A gateway with firmware 8.3, Enlighten, and an exporter that has the account but not a token.

    The gateway's own clock stops unless `ticking`, because simulating a year of its production takes long.
    """

    def __init__(self, folder: Path, faults: NoFaults | None = None, *, ticking: bool = False) -> None:
        self.clock = ManualClock()
        self.folder = folder
        self.state = folder / "state"
        self.gateway = Simulator("8.3", clock=(self.clock if ticking else ManualClock()).time, faults=faults)
        self.cloud = Cloud(self.gateway.serial, username=ACCOUNT, clock=self.clock.time)

    def __enter__(self) -> Self:
        self.gateway.start()
        self.cloud.start()
        self.account = account(self.cloud, self.folder, self.clock)
        return self

    def __exit__(self, *_: object) -> None:
        self.cloud.close()
        self.gateway.close()

    @property
    def file(self) -> Path:
        return self.state / f"{self.gateway.serial}.token"

    def settings(self, **changes: object) -> Settings:
        values = {"token": None, "serial": self.gateway.serial, "collectors": FEW, **changes}
        return settings(self.gateway, **values)

    def exporter(self, shared: Account | None = None, **changes: object) -> InProcessExporter:
        """An exporter that starts now."""
        own = token_renewal(shared or self.account, self.gateway.serial, self.clock, state=self.state)
        return InProcessExporter(self.settings(**changes), self.clock, renewal=own)


def renewals(exposition: Exposition) -> dict[str, float]:
    counted = exposition.of("enphase_token_renewals_total")
    return {labels[0]: count for labels, count in counted.items() if count}


def unauthorized_requests(exposition: Exposition) -> float:
    """How many requests the gateway rejected with 401."""
    return sum(n for labels, n in exposition.of("enphase_gateway_requests_total").items() if "401" in labels)


def is_healthy(exposition: Exposition) -> bool:
    successes = exposition.of("enphase_scrape_collector_success").values()
    failures = exposition.of("enphase_gateway_request_failures_total")
    return exposition.value("enphase_authenticated") == 1 and all(successes) and not failures
