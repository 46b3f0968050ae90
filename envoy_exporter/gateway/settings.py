"""What the gateway side needs to know of one gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from envoy_exporter.token import Token

from .auth import Local


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One gateway. Durations in seconds; `collectors` are those switched on.

    `ca_certificates`: those that may vouch for the gateway, as PEM.
    `maximum_ages`: by collector, the age that the config gives to what it reads instead of the usual one.
    """

    name: str
    host: str
    port: int | None = None
    scheme: str = "auto"
    serial: str | None = None
    local: Local = field(default_factory=Local)
    token: Token | None = None
    token_file: Path | None = None
    fingerprint: bytes | None = None
    ca_certificates: str | None = None
    keep_alive: bool | None = None
    min_interval: float = 10.0
    collectors: frozenset[str] = frozenset()
    maximum_ages: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def address(self) -> tuple[str, int | None]:
        """Where it is: what makes it this gateway and no other, as far as the config knows."""
        return self.host, self.port

    @property
    def credentials(self) -> tuple[object, ...]:
        """What it is sent, and to whom."""
        return self.serial, self.local, self.token, self.token_file

    @property
    def schemes(self) -> tuple[str, ...]:
        """What to try. A pinned certificate means TLS and nothing else."""
        if self.scheme != "auto":
            return (self.scheme,)
        return ("https",) if self.fingerprint or self.ca_certificates else ("https", "http")
