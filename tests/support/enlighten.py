"""An account at the simulated Enlighten, and gateways that log in with it."""

from pathlib import Path
from random import Random

from envoy_exporter.clock import Clock
from envoy_exporter.enlighten.account import Account
from envoy_exporter.enlighten.client import AccountSettings, Enlighten
from envoy_exporter.enlighten.renewal import Renewal
from envoy_exporter.enlighten.token_store import TokenStore
from envoy_exporter.secret import Secret
from envoy_exporter.transport.timeouts import Timeouts
from envoy_simulator.cloud import Cloud
from support.clock import ManualClock

YEAR = 365 * 86400


def trusted_ca_file(cloud: Cloud, folder: Path) -> str:
    """The file with the CA of the simulated Enlighten."""
    path = folder / "cloud.pem"
    path.write_bytes(cloud.authority)
    return str(path)


def login(cloud: Cloud, ca_file: str | None, password: str | None = None) -> AccountSettings:
    secret = Secret(cloud.password if password is None else password)
    return AccountSettings(
        username=cloud.username,
        password=secret,
        login_url=cloud.login_url,
        token_url=cloud.token_url,
        ca_file=ca_file,
    )


def enlighten(
    credentials: AccountSettings, clock: Clock | None = None, seconds: float = 15.0, codes: list[int] | None = None
) -> Enlighten:
    counted = codes if codes is not None else []
    return Enlighten(
        credentials,
        clock=clock or ManualClock(),
        count_response=counted.append,
        user_agent="test",
        timeouts=Timeouts(login=seconds),
    )


def account(cloud: Cloud, folder: Path, clock: Clock, *, password: str | None = None, seconds: float = 15.0) -> Account:
    credentials = login(cloud, trusted_ca_file(cloud, folder), password)
    return Account(enlighten(credentials, clock, seconds), clock, Random(1))


def token_renewal(  # keyword arguments, as in the program
    shared: Account, serial: str, clock: Clock, *, state: Path | None = None, name: str = "home", seed: int = 1
) -> Renewal:
    return Renewal(shared, TokenStore(state), name=name, serial=serial, clock=clock, random=Random(seed))
