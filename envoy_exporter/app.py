"""Builds what the exporter serves from a config: gateways, collectors, and access rules."""

import importlib.util
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from ssl import TLSVersion
from typing import TypeAlias

from . import __version__, config
from . import token as tokens
from .accounts import Accounts, EnlightenAccess
from .clock import Clock
from .collectors import COLLECTORS as ALL_COLLECTORS
from .collectors import layout
from .collectors.collector import PlacedArray, PlacedInverter
from .collectors.collector import Settings as ReadSettings
from .config import CollectorSettings, Config, ConfigError
from .config.web import TlsServer
from .config_warnings import config_warnings
from .enlighten.renewal import Renewal
from .gateway.auth import Local
from .gateway.gateway import Gateway
from .gateway.settings import Settings
from .gateway_collector import GatewayCollector
from .secret import Redaction, Secret
from .telemetry import Telemetry
from .transport.timeouts import Timeouts
from .web import access
from .web.access import Access, Tls
from .web.exposition import Exposition
from .web.rate_limit import RateLimit
from .web.routes import ServedConfig

log = logging.getLogger(__name__)

COLLECTORS = tuple(collector.name for collector in ALL_COLLECTORS)
_DEFAULTS = {collector.name: CollectorSettings(enabled=collector.enabled_by_default) for collector in ALL_COLLECTORS}
_TLS_VERSIONS = {"TLS12": TLSVersion.TLSv1_2, "TLS13": TLSVersion.TLSv1_3}
_Stamp: TypeAlias = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that one gateway is built from. A reload keeps a gateway whose plan is equal."""

    gateway: Settings
    read: ReadSettings
    timeout: float
    enlighten: EnlightenAccess | None = None


class App:
    """The gateways in service. A reload keeps the gateways that it does not change."""

    def __init__(
        self,
        *,
        clock: Clock,
        random: Random,
        telemetry: Telemetry,
        redaction: Redaction,
        collectors: Mapping[str, bool],
        timeouts: Timeouts | None = None,
    ) -> None:
        self._timeouts = timeouts or Timeouts()
        self._clock = clock
        self._random = random
        self._telemetry = telemetry
        self._redaction = redaction
        self._collectors = collectors
        self._accounts = Accounts(clock=clock, random=random, telemetry=telemetry, timeouts=self._timeouts)
        self._in_force: tuple[Config, Mapping[str, EnlightenAccess]] | None = None
        self._running: dict[str, tuple[_Plan, Exposition]] = {}

    def build(self, new: Config) -> ServedConfig:
        """Serve this config from now on. Raises ConfigError, and then changes nothing."""
        new = self._with_flags(new)
        self._register_secrets(new)
        enlighten_access = self._accounts.access(new)
        plans = [replace(_plan(gateway), enlighten=enlighten_access.get(gateway.name)) for gateway in new.gateways]
        self._in_force = new, enlighten_access
        old, self._running = self._running, {}
        for plan in plans:
            kept = old.pop(_name_before(plan, old), None)
            exposition = self._exposition(plan) if kept is None else self._changed(*kept, plan)
            self._running[plan.gateway.name] = plan, exposition
        for _, removed in old.values():
            removed.collector.gateway.close()
        self._telemetry.gateways.set(len(plans))
        self._telemetry.reload_successful.set(1)
        self._telemetry.reload_success.set(self._clock.time())
        return ServedConfig(
            gateways={name: exposition for name, (_, exposition) in self._running.items()},
            labels={
                gateway.name: {str(label): value for label, value in gateway.labels.items()} for gateway in new.gateways
            },
            config=config.dump(new),
        )

    def warnings(self) -> Iterator[str]:
        """Likely mistakes in the config in force."""
        return config_warnings(*self._in_force, self._clock.time()) if self._in_force else iter(())

    def close(self) -> None:
        for _, exposition in self._running.values():
            exposition.collector.gateway.close()

    def _changed(self, old: _Plan, exposition: Exposition, plan: _Plan) -> Exposition:
        """The same gateway with new settings, so that two objects never poll one gateway."""
        gateway = exposition.collector.gateway
        if old != plan:
            exposition.timeout = plan.timeout
            exposition.collector.change(plan.gateway.collectors, plan.read)
            source = gateway.token_source if old.enlighten == plan.enlighten else self._renewal(plan)
            if isinstance(source, Renewal):
                source.name = plan.gateway.name
            gateway.change(plan.gateway, source)
        gateway.retry_absent()
        return exposition

    def _renewal(self, plan: _Plan) -> Renewal | None:
        return self._accounts.renewal(plan.gateway.name, plan.enlighten) if plan.enlighten else None

    def _exposition(self, plan: _Plan) -> Exposition:
        gateway = Gateway(
            plan.gateway,
            clock=self._clock,
            random=self._random,
            telemetry=self._telemetry,
            register_secret=self._redaction.register,
            user_agent=f"envoy_exporter/{__version__}",
            token_source=self._renewal(plan),
            timeouts=self._timeouts,
        )
        return Exposition(GatewayCollector(gateway, plan.read, self._clock), plan.timeout)

    def _with_flags(self, new: Config) -> Config:
        """The config with the collectors that flags enable or disable; flags override it."""
        gateways = []
        for gateway in new.gateways:
            collectors = dict(gateway.collectors)
            for name, enabled in self._collectors.items():
                collectors[name] = replace(collectors.get(name, CollectorSettings()), enabled=enabled)
            gateways.append(replace(gateway, collectors=collectors))
        return replace(new, gateways=tuple(gateways))

    def _register_secrets(self, new: Config) -> None:
        """Redact every secret of the config in the log from now on."""
        accounts = list(filter(None, (new.enlighten, *(gateway.enlighten for gateway in new.gateways))))
        logins: list[config.Enlighten | config.Local] = [
            *accounts,
            *(gateway.local for gateway in new.gateways if gateway.local),
        ]
        passwords = (secret for login in logins for secret in (login.password, login.password_file))
        addresses = (Secret(name) for account in accounts if "@" in (name := account.username or ""))
        self._redaction.register(*filter(None, (*passwords, *addresses, *(gateway.token for gateway in new.gateways))))


def _name_before(plan: _Plan, old: Mapping[str, tuple[_Plan, Exposition]]) -> str:
    """The name of the gateway at this address before the reload; a config has each address only once."""
    return next((name for name, (other, _) in old.items() if other.gateway.address == plan.gateway.address), "")


def _plan(gateway: config.Gateway) -> _Plan:
    collectors = {name: gateway.collectors.get(name, default) for name, default in _DEFAULTS.items()}
    enabled = (name for name, settings in collectors.items() if settings.enabled)
    ages = {name: settings.max_age for name, settings in collectors.items() if settings.max_age is not None}
    read = read_settings(gateway)
    tls = gateway.tls or config.Tls()
    local = gateway.local or config.Local()
    return _Plan(
        Settings(
            name=gateway.name,
            host=gateway.host.address,
            port=gateway.host.port,
            scheme=gateway.scheme,
            serial=gateway.serial,
            local=Local(local.username, local.password if local.password is not None else local.password_file),
            token=tokens.parse(gateway.token.reveal()) if gateway.token else None,
            token_file=gateway.token_file,
            fingerprint=tls.fingerprint,
            ca_certificates=tls.ca_file.certificates if tls.ca_file else None,
            keep_alive=gateway.keep_alive,
            min_interval=gateway.min_interval,
            collectors=useful(enabled, read),
            maximum_ages=ages,
        ),
        read,
        gateway.timeout,
    )


def useful(collectors: Iterable[str], read: ReadSettings) -> frozenset[str]:
    """Without `layout` if the config has none, so that no list of inverters is requested for it."""
    unused = set() if read.inverters or read.arrays else {layout.COLLECTOR.name}
    return frozenset(collectors) - unused


def read_settings(gateway: config.Gateway) -> ReadSettings:
    return ReadSettings(
        timezone=gateway.timezone,
        inverter_max_age=gateway.inverter_max_age,
        inverters=tuple(PlacedInverter(serial=serial, **asdict(entry)) for serial, entry in gateway.inverters.items()),
        arrays=tuple(PlacedArray(name=name, **asdict(array)) for name, array in gateway.arrays.items()),
    )


class WebConfigFile:
    """The web config file and its certificates, checked for changes at each connection and request.

    A change takes effect as a whole: one that is invalid leaves the last valid file and its certificates in force.
    """

    def __init__(self, path: Path | None) -> None:
        """Raises ConfigError for a file that is invalid at the start."""
        self._path = path
        self._certificates: tuple[Path, ...] = ()
        self._stamp: tuple[_Stamp, ...] = ()
        self._access = Access() if path is None else self._read(path)

    def current(self) -> Access:
        if self._path is not None and self._stamps(self._path) != self._stamp:
            try:
                access = self._read(self._path)
                _check_tls_kept(self._path, self._access, access)
                self._access = access
                log.info("web config file reloaded", extra={"file": self._path})
            except ConfigError as error:
                problems = {"problem": "; ".join(error.problems)}
                log.warning("web config file is invalid, the last valid one stays in force", extra=problems)
        return self._access

    def _stamps(self, path: Path) -> tuple[_Stamp, ...]:
        """The stamps of the file and of the certificates that it names."""
        return tuple(_stamp(file) for file in (path, *self._certificates))

    def _read(self, path: Path) -> Access:
        """Raises ConfigError. The file is read again when it, or a certificate that it names, changes."""
        self._stamp = self._stamps(path)
        stamp = self._stamp[0]
        read = config.web_from_file(path)
        if read.basic_auth_users and importlib.util.find_spec("bcrypt") is None:
            raise ConfigError([f"{path}: basic_auth_users needs bcrypt: pip install '.[auth]'"])
        tls = _tls(read.tls_server_config)
        pems = (tls.certificate, tls.key, tls.client_ca) if tls else ()
        self._certificates = tuple(pem for pem in pems if isinstance(pem, Path))
        self._stamp = (stamp, *self._stamps(path)[1:])
        config.check_web_files(path, read)
        try:
            context = access.context(tls) if tls else None
        except (OSError, ValueError) as error:
            raise ConfigError([f"{path}: tls_server_config: {error}"]) from None
        headers = {str(name): str(value) for name, value in read.http_server_config.headers.items()}
        return Access(
            context=context,
            allowed_sans=frozenset(read.tls_server_config.client_allowed_sans if read.tls_server_config else ()),
            rate_limit=RateLimit(read.rate_limit.interval, read.rate_limit.burst) if read.rate_limit.interval else None,
            users=read.basic_auth_users,
            headers=headers,
        )


def _check_tls_kept(path: Path, old: Access, new: Access) -> None:
    """Raises ConfigError: open connections would keep their protocol, and a file that is being written looks empty."""
    if (old.context is None) != (new.context is None):
        change = "removed" if new.context is None else "added"
        raise ConfigError([f"{path}: tls_server_config was {change}; restart the exporter to enable or disable TLS"])


def _tls(server: TlsServer | None) -> Tls | None:
    certificate, key = (server.pem("cert"), server.pem("key")) if server else (None, None)
    if server is None or certificate is None or key is None:
        return None
    return Tls(
        certificate=certificate,
        key=key,
        client_auth=server.client_auth_type,
        client_ca=server.pem("client_ca"),
        minimum=_TLS_VERSIONS[server.min_version],
        maximum=_TLS_VERSIONS[server.max_version],
    )


def _stamp(path: Path) -> _Stamp:
    """A value that changes with the file, or with the target of a symbolic link; None if the file is missing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
