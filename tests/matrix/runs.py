"""One run of a case of the matrix. It returns the violations, as text."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

from support.exposition import Key

from envoy_simulator.faults import FAULTS, When
from matrix.cases import EXPOSED_AS_REPORTED, LONG_LINES, Case, Phase, changes_documents, changes_system, unverifiable
from matrix.environment import SHORT_TIMEOUT, Environment, ScrapeResult, late_morning, with_few_inverters
from matrix.reference import STEP, ReferenceGateway, collector_of, readers

MAX_BACK_OFF = 600.0
"""Seconds after which everything has recovered."""
METERS_CONFIRMATION_TIME = 600
"""Seconds for which another list of meters must last until the sources that follow from it change."""
MAX_LOGINS = 2
"""In a minute, for an account that gets no token."""


VARYING_SERIES = {
    "enphase_gateway_requests_total": "has each status code that an endpoint ever returned",
    "enphase_gateway_request_failures_total": "has each failure that ever occurred",
    "enphase_exporter_cloud_requests_total": "has each status code that Enlighten ever returned",
    "enphase_exporter_gateway_request_duration_seconds": "has each endpoint that was ever requested",
}
"""Series that depend on past faults, by the beginning of their names."""


@cache
def reference(profile: str) -> ReferenceGateway:
    return ReferenceGateway(with_few_inverters(profile), late_morning(with_few_inverters(profile)))


@cache
def healthy_series(profile: str) -> frozenset[Key]:
    """The series of a gateway that never had a fault."""
    with (
        TemporaryDirectory() as folder,
        Environment(Path(folder), with_few_inverters(profile), http_client_logs=False) as environment,
    ):
        environment.scrape()
        scraped = environment.scrape()
    assert not environment.violations, environment.violations
    assert scraped.failing == []
    assert not list(reference(profile).wrong_samples(scraped.exposition.samples, scraped.at, STEP, frozenset()))
    return series(scraped.exposition.samples)


def series(samples: Mapping[Key, float]) -> frozenset[Key]:
    return frozenset(sample for sample in samples if not sample[0].startswith((*VARYING_SERIES, "python_", "process_")))


def of_the_gateway(keys: frozenset[Key]) -> frozenset[Key]:
    return frozenset(key for key in keys if key[0] in collector_of())


def run(case: Case, folder: Path, counted: Counter[str]) -> list[str]:
    """The violations."""
    renewing = case.phase is Phase.RENEWING
    fault = FAULTS[case.fault]
    environment = Environment(
        folder,
        with_few_inverters(case.profile),
        with_enlighten=renewing,
        expiring_token=renewing,
        http_client_logs=case.fault not in LONG_LINES,
    )
    with environment:
        checker = Checker(
            environment,
            case.profile,
            unverifiable(case),
            fault.breaks,
            case.affected,
            EXPOSED_AS_REPORTED.get(case.fault, ""),
        )
        for _ in range({Phase.STARTING: 0, Phase.RUNNING: 2, Phase.RENEWING: 1}[case.phase]):
            checker.check_healthy(environment.scrape())
        environment.gateway.reset_load()
        with environment.short_timeouts() if fault.breaks != "nothing" else nullcontext():
            environment.gateway.faults.on(case.fault, When(endpoints=case.endpoints), **case.options)
            for after in {Phase.RUNNING: (STEP, 20 * STEP, *(STEP,) * 5)}.get(case.phase, (STEP,) * 4):
                checker.check_during_fault(environment.scrape(after))
            environment.fetch_every_page()
            if case.fault == "another-gateway":
                checker.report(leaked_secrets(environment), "sent to another gateway")
            environment.gateway.faults.heal()
        checker.check_recovery(documents_changed=changes_documents(fault), system_changed=changes_system(fault))
        environment.check_log()
    count(environment, counted)
    return environment.violations


def run_enlighten_response(
    response: str, folder: Path, counted: Counter[str], *, expiring_token: bool, slow: When | None = None
) -> list[str]:
    """The violations while Enlighten responds this way, and afterwards.

    `expiring_token`: the old token is valid for another day. `slow`: slow responses of the gateway, as on a busy
    machine.
    """
    with Environment(
        folder, with_few_inverters("8.3"), with_enlighten=True, expiring_token=expiring_token
    ) as environment:
        environment.enlighten.response = response
        checker = Checker(environment, "8.3", frozenset(), "nothing" if expiring_token else "gateway")
        if slow is not None:
            environment.gateway.faults.on("slow", slow, seconds=SHORT_TIMEOUT)
        with environment.short_login_timeout():
            for _ in range(4):
                checker.check_during_fault(environment.scrape())
        environment.fetch_every_page()
        logins = environment.enlighten.logins
        if not 1 <= logins <= MAX_LOGINS:
            environment.violations.append(f"{logins} logins in a minute")
        environment.enlighten.response = ""
        environment.scrape(ceil((environment.enlighten_back_off() + 1) / STEP) * STEP)
        checker.check_recovery(documents_changed=False)
        renewals = environment.exporter_gateway.snapshot().renewals["success"]
        if renewals != 1:
            environment.violations.append(f"{renewals} new tokens")
        environment.check_log()
    count(environment, counted)
    return environment.violations


def leaked_secrets(environment: Environment) -> list[str]:
    """The beginnings of the secrets that the gateway received."""
    received = environment.gateway.received_bytes.decode("latin-1")
    return [f"{secret[:8]}..." for secret in environment.secrets if secret in received]


def count(environment: Environment, counted: Counter[str]) -> None:
    counted["runs"] += 1
    counted.update(environment.counted)
    for what, maximum in environment.maxima.items():
        counted[f"maximum {what}"] = max(counted[f"maximum {what}"], maximum)


@dataclass
class Checker:
    """Compares each scrape with the simulated system, and with what the fault may break."""

    environment: Environment
    profile: str
    unverifiable: frozenset[str]
    breaks: str
    affected: tuple[str, ...] = ()
    exposed_as_reported: str = ""

    def check_healthy(self, scraped: ScrapeResult) -> None:
        self._check_values(scraped, frozenset())
        self._check_complete(scraped)

    def check_during_fault(self, scraped: ScrapeResult) -> None:
        self._check_values(scraped, self.unverifiable, self.exposed_as_reported)
        if self.breaks == "nothing":
            self._check_complete(scraped)
        elif self.breaks == "endpoint" and self.affected:
            self.report(set(scraped.failing) - readers(self.affected), "failing, although it reads another endpoint")

    def check_recovery(self, *, documents_changed: bool, system_changed: bool = False) -> None:
        """After the back-off and two scrapes the exporter has everything that it had before, and nothing else."""
        environment = self.environment
        wait = environment.back_off()
        environment.maxima["back-off"] = max(environment.maxima["back-off"], ceil(wait))
        if wait > MAX_BACK_OFF:
            environment.violations.append(f"a back-off of {wait:.0f} s")
        if environment.exporter_gateway.state.retry_absent_at == float("inf"):
            absent = environment.seconds_until_absent_documents_are_due(reference(self.profile).available)
            environment.clock.advance(absent)
        if documents_changed:
            wait = max(wait, environment.seconds_until_all_documents_are_due())
        environment.scrape(ceil(wait / STEP) * STEP)
        if system_changed:
            for _ in range(METERS_CONFIRMATION_TIME // 300):
                environment.scrape(300.0)
        scraped = environment.scrape()
        environment.fetch_every_page()
        self.check_healthy(scraped)
        new = series(scraped.exposition.samples) - healthy_series(self.profile)
        if environment.with_enlighten:
            new = of_the_gateway(new)
        self.report((f"{name}{dict(labels)}" for name, labels in new), "never exposed before")
        environment.counted["recoveries"] += 1

    def report(self, found: Iterable[str], what: str) -> None:
        if names := sorted(found):
            self.environment.violations.append(f"{what}: {len(names)}: {'; '.join(names[:4])}")

    def _check_values(self, scraped: ScrapeResult, unverifiable: frozenset[str], exposed_as_reported: str = "") -> None:
        self.environment.counted["samples"] += len(scraped.exposition.samples)
        checked = {
            key: value
            for key, value in scraped.exposition.samples.items()
            if not re.fullmatch(exposed_as_reported, key[0])
        }
        wrong_samples = reference(self.profile).wrong_samples(checked, scraped.at, self.environment.gap, unverifiable)
        self.report(wrong_samples, "wrong values")

    def _check_complete(self, scraped: ScrapeResult) -> None:
        if not scraped.up:
            self.environment.violations.append(f"not up: {self.environment.exporter_gateway.snapshot().error}")
        self.report(scraped.failing, "collectors without their documents")
        missing = of_the_gateway(healthy_series(self.profile)) - scraped.exposition.samples.keys()
        self.report((f"{name}{dict(labels)}" for name, labels in missing if scraped.up), "missing")
