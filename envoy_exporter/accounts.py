"""The Enlighten accounts of a config: which gateway uses which account, and where tokens are stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from . import __version__, config
from .clock import Clock
from .config import Config, ConfigError
from .enlighten.account import Account
from .enlighten.client import LOGIN_URL, TOKEN_URL, AccountSettings, Enlighten
from .enlighten.renewal import Renewal
from .enlighten.token_store import TokenStore
from .telemetry import Telemetry
from .transport.timeouts import Timeouts


@dataclass(frozen=True, slots=True)
class EnlightenAccess:
    """The account that fetches the tokens of one gateway, and the directory where they are stored."""

    login: AccountSettings
    serial: str
    state: Path | None


class Accounts:
    """One object for each account, shared by its gateways. A reload keeps it, so a rejected account stays so."""

    def __init__(self, *, clock: Clock, random: Random, telemetry: Telemetry, timeouts: Timeouts) -> None:
        self._clock = clock
        self._random = random
        self._telemetry = telemetry
        self._timeouts = timeouts
        self._accounts: dict[AccountSettings, Account] = {}
        self._stores: dict[Path | None, TokenStore] = {}

    def access(self, settings: Config) -> Mapping[str, EnlightenAccess]:
        """The access of each gateway, by name. Raises ConfigError for an incomplete account."""
        problems: list[str] = []
        access = {}
        for index, gateway in enumerate(settings.gateways):
            place = f"gateways[{index}].enlighten ({gateway.name})" if gateway.enlighten else "enlighten"
            try:
                login = _login(gateway.enlighten or settings.enlighten)
                if login is not None:
                    self._accounts.setdefault(login, self._account(login))
            except (OSError, ValueError) as error:
                problems.append(f"{place}: {error}")
                continue
            if login is not None and gateway.serial is not None:
                access[gateway.name] = EnlightenAccess(login, gateway.serial, settings.state_directory)
        if problems:
            raise ConfigError(list(dict.fromkeys(problems)))
        return access

    def renewal(self, name: str, access: EnlightenAccess) -> Renewal:
        return Renewal(
            self._accounts[access.login],
            self._stores.setdefault(access.state, TokenStore(access.state)),
            name=name,
            serial=access.serial,
            clock=self._clock,
            random=self._random,
        )

    def _account(self, login: AccountSettings) -> Account:
        enlighten = Enlighten(
            login,
            clock=self._clock,
            count_response=lambda status: self._telemetry.enlighten_requests.labels(str(status)).inc(),
            user_agent=f"envoy_exporter/{__version__}",
            timeouts=self._timeouts,
        )
        return Account(enlighten, self._clock, self._random, self._timeouts)


def _login(account: config.Enlighten | None) -> AccountSettings | None:
    """The login of an account in the config. Raises ValueError for a missing key."""
    if account is None:
        return None
    password = account.password if account.password is not None else account.password_file
    if account.username is None or password is None:
        raise ValueError(f"{'password (or password_file)' if account.username else 'username'} is missing")
    return AccountSettings(
        username=account.username,
        password=password,
        login_url=account.login_url or LOGIN_URL,
        token_url=account.token_url or TOKEN_URL,
        ca_file=str(account.ca_file.path) if account.ca_file else None,
    )


def without_token(settings: Config, access: Mapping[str, EnlightenAccess]) -> Iterator[str]:
    """A warning for each gateway that has an account, but neither a token nor a serial.

    The serial of `/info` is not used: another device at the address of the gateway could report the serial of any
    gateway of the account, and would be sent its token.
    """
    for gateway in settings.gateways:
        has_token = gateway.token is not None or gateway.token_file is not None
        if (gateway.enlighten or settings.enlighten) and gateway.name not in access and not has_token:
            yield f"{gateway.name}: enlighten has no effect without serial; set serial, or no token is fetched"
