"""From a config to what the web side serves: gateways, their collectors, their bytes."""

import importlib.util
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from ssl import TLSVersion
from typing import TypeAlias

from . import __version__, config
from . import token as tokens
from .accounts import Accounts, CloudAccess, without_token
from .clock import Clock, utc_date
from .collectors import COLLECTORS as ALL_COLLECTORS
from .collectors import layout
from .collectors.collector import PlacedArray, PlacedInverter
from .collectors.collector import Settings as ReadSettings
from .config import CollectorSettings, Config, ConfigError
from .config.web import TlsServer
from .enlighten.renewal import Renewal
from .gateway.auth import Local
from .gateway.gateway import Gateway
from .gateway.settings import Settings
from .gateway.token_file import TokenFile
from .gateway_collector import GatewayCollector
from .secret import Redaction, Secret
from .telemetry import Telemetry
from .transport.timeouts import Timeouts
from .web import access
from .web.access import Access, Tls
from .web.exposition import Exposition
from .web.routes import ServedConfig

log = logging.getLogger(__name__)

COLLECTORS = tuple(collector.name for collector in ALL_COLLECTORS)
_ON = {collector.name: collector.enabled_by_default for collector in ALL_COLLECTORS}
_Stamp: TypeAlias = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that one gateway is built from; while it stays the same, so does the gateway."""

    gateway: Settings
    read: ReadSettings
    timeout: float
    cloud: CloudAccess | None = None


class App:
    """Builds sites, each from the last: a reload leaves alone what it does not change."""

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
        self._unserved: tuple[str, ...] = ()
        self._running: dict[str, tuple[_Plan, Exposition]] = {}

    def build(self, wanted: Config) -> ServedConfig:
        """What this config serves from now on. Raises ConfigError, and then changes nothing."""
        wanted = self._with_flags(wanted)
        self._learn(wanted)
        clouds = self._accounts.access(wanted)
        plans = {each.name: replace(self._plan(each), cloud=clouds.get(each.name)) for each in wanted.gateways}
        self._unserved = tuple(without_token(wanted, clouds))
        before, self._running = self._running, {}
        for name, plan in plans.items():
            kept = before.pop(_heir(plan, before), None)
            self._running[name] = plan, self._exposition(plan) if kept is None else self._changed(*kept, plan)
        for _, gone in before.values():
            gone.collector.gateway.close()
        for words in self._unserved:
            log.warning("%s", words)
        self._telemetry.gateways.set(len(plans))
        self._telemetry.reload_successful.set(1)
        self._telemetry.reload_success.set(self._clock.time())
        return ServedConfig(
            gateways={name: exposition for name, (_, exposition) in self._running.items()},
            labels={each.name: {str(k): v for k, v in each.labels.items()} for each in wanted.gateways},
            config=config.shown(wanted),
        )

    def doubts(self) -> Iterator[str]:
        """What may be no mistake, and most likely is one: tokens that cannot be read now, or have run out."""
        for name, (plan, _) in self._running.items():
            token = plan.gateway.token
            try:
                if plan.gateway.token_file:
                    token = TokenFile(plan.gateway.token_file).token()
            except ValueError as error:
                yield f"{name}: {error}"
            if token and token.serial is None and token.expires is None:
                yield f"{name}: the token is none of Enphase's kind (those begin with eyJ): the gateway may refuse it"
            if token and token.expires and token.expires < self._clock.time() and plan.cloud is None:
                yield f"{name}: the token ran out on {utc_date(token.expires)}"
        yield from self._unserved

    def close(self) -> None:
        for _, exposition in self._running.values():
            exposition.collector.gateway.close()

    def _changed(self, old: _Plan, exposition: Exposition, plan: _Plan) -> Exposition:
        """The same gateway, with what the config says of it now: never two at once that ask it."""
        gateway = exposition.collector.gateway
        if old != plan:
            exposition.timeout = plan.timeout
            exposition.collector.change(plan.gateway.collectors, plan.read)
            source = gateway.token_source if old.cloud == plan.cloud else self._renewal(plan)
            if isinstance(source, Renewal):
                source.name = plan.gateway.name
            gateway.change(plan.gateway, source)
        gateway.forget_absent()
        return exposition

    def _renewal(self, plan: _Plan) -> Renewal | None:
        return self._accounts.renewal(plan.gateway.name, plan.cloud) if plan.cloud else None

    def _exposition(self, plan: _Plan) -> Exposition:
        gateway = Gateway(
            plan.gateway,
            clock=self._clock,
            random=self._random,
            telemetry=self._telemetry,
            learn=self._redaction.register,
            user_agent=f"envoy_exporter/{__version__}",
            token_source=self._renewal(plan),
            timeouts=self._timeouts,
        )
        return Exposition(GatewayCollector(gateway, plan.read, self._clock), plan.timeout)

    def _plan(self, gateway: config.Gateway) -> _Plan:
        settings = gateway.collectors
        enabled = {name: settings[name].enabled if name in settings else _ON[name] for name in COLLECTORS}
        ages = {name: each.max_age for name, each in settings.items() if each.max_age is not None}
        read = read_settings(gateway)
        tls = gateway.tls or config.Tls()
        return _Plan(
            Settings(
                name=gateway.name,
                host=gateway.host.address,
                port=gateway.host.port,
                scheme=gateway.scheme,
                serial=gateway.serial,
                local=self._local(gateway.local),
                token=tokens.parse(gateway.token.reveal()) if gateway.token else None,
                token_file=gateway.token_file,
                fingerprint=tls.fingerprint,
                ca_certificates=tls.ca_file.certificates if tls.ca_file else None,
                keep_alive=gateway.keep_alive,
                min_interval=gateway.min_interval,
                collectors=of_use((name for name in COLLECTORS if enabled[name]), read),
                maximum_ages=ages,
            ),
            read,
            gateway.timeout,
        )

    def _local(self, local: config.Local | None) -> Local:
        if local is None:
            return Local()
        return Local(local.username, local.password if local.password is not None else local.password_file)

    def _with_flags(self, wanted: Config) -> Config:
        """The config with the collectors that the command's flags switch on or off: they win."""
        gateways = []
        for gateway in wanted.gateways:
            collectors = dict(gateway.collectors)
            for name, on in self._collectors.items():
                collectors[name] = replace(collectors.get(name, CollectorSettings()), enabled=on)
            gateways.append(replace(gateway, collectors=collectors))
        return replace(wanted, gateways=tuple(gateways))

    def _learn(self, wanted: Config) -> None:
        """Every secret of the config is struck out of the log from now on."""
        accounts = (wanted.enlighten, *(each.enlighten for each in wanted.gateways))
        users = (each.local for each in wanted.gateways)
        for holder in (*accounts, *users):
            if holder is not None:
                self._redaction.register(*filter(None, (holder.password, holder.password_file)))
        mails = (each.username for each in accounts if each and each.username and "@" in each.username)
        self._redaction.register(*map(Secret, mails))
        self._redaction.register(*(each.token for each in wanted.gateways if each.token))


def _heir(plan: _Plan, before: Mapping[str, tuple[_Plan, Exposition]]) -> str:
    """Under which name the gateway at this address ran before; the config has each address once."""
    return next((name for name, (old, _) in before.items() if old.gateway.address == plan.gateway.address), "")


def of_use(collectors: Iterable[str], read: ReadSettings) -> frozenset[str]:
    """Without `layout` where the config has none, so that no list is asked for on its account."""
    idle = set() if read.inverters or read.arrays else {layout.COLLECTOR.name}
    return frozenset(collectors) - idle


def read_settings(gateway: config.Gateway) -> ReadSettings:
    return ReadSettings(
        timezone=gateway.timezone,
        inverter_max_age=gateway.inverter_max_age,
        inverters=tuple(
            PlacedInverter(
                serial=serial,
                name=each.name,
                array=each.array,
                row=each.row,
                column=each.column,
                peak_power=each.peak_power,
            )
            for serial, each in gateway.inverters.items()
        ),
        arrays=tuple(
            PlacedArray(name=name, azimuth=each.azimuth, tilt=each.tilt) for name, each in gateway.arrays.items()
        ),
    )


class WebConfigFile:
    """The web config file, checked again at each connection and request, with the certificates that it names.

    A change takes effect as a whole: one that is invalid leaves the last valid file and its certificates in force.
    """

    def __init__(self, path: Path | None) -> None:
        """Raises ConfigError for a file that is wrong at the start."""
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
                log.info("web config file and its certificates reloaded: %s", self._path)
            except ConfigError as error:
                log.warning(
                    "web config file is invalid, the last valid one stays in force: %s", "; ".join(error.problems)
                )
        return self._access

    def _stamps(self, path: Path) -> tuple[_Stamp, ...]:
        """Of the file and of the certificates that it names."""
        return tuple(_stamp(file) for file in (path, *self._certificates))

    def _read(self, path: Path) -> Access:
        """Raises ConfigError; the file is read again when it, or a certificate that it names, changes."""
        self._stamp = self._stamps(path)
        before = self._stamp[0]
        read = config.web_from_file(path)
        if read.basic_auth_users and importlib.util.find_spec("bcrypt") is None:
            raise ConfigError([f"{path}: basic_auth_users needs bcrypt: pip install '.[auth]'"])
        tls = _tls(read.tls_server_config)
        self._certificates = tuple(filter(None, (tls.certificate, tls.key, tls.client_ca))) if tls else ()
        self._stamp = (before, *self._stamps(path)[1:])
        config.check_web_files(path, read)
        try:
            context = access.context(tls) if tls else None
        except (OSError, ValueError) as error:
            raise ConfigError([f"{path}: tls_server_config: {error}"]) from None
        headers = {str(name): str(value) for name, value in read.http_server_config.headers.items()}
        return Access(context=context, users=read.basic_auth_users, headers=headers)


def _check_tls_kept(path: Path, old: Access, new: Access) -> None:
    """Raises ConfigError: open connections would outlast the change, and a file that is being written looks empty."""
    if (old.context is None) != (new.context is None):
        change = "removed" if new.context is None else "added"
        raise ConfigError([f"{path}: tls_server_config was {change}: restart the exporter to switch TLS on or off"])


def _tls(server: TlsServer | None) -> Tls | None:
    if server is None:
        return None
    return Tls(
        certificate=server.cert_file,
        key=server.key_file,
        client_auth=server.client_auth_type,
        client_ca=server.client_ca_file,
        minimum=TLSVersion.TLSv1_3 if server.min_version == "TLS13" else TLSVersion.TLSv1_2,
    )


def _stamp(path: Path) -> _Stamp:
    """Changes with the file, and with where a symbolic link leads; None if it is missing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
