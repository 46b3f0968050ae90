"""The settings of one gateway, as this package needs them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from envoy_exporter.token import Token

from .auth import Local


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One gateway. Durations in seconds; `collectors` are the enabled ones.

    `ca_certificates`: those that may have signed the gateway's certificate, as PEM.
    `maximum_ages`: by collector, the maximum age of its documents, if the config sets one.
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
        """Host and port: two settings with the same address are about the same gateway."""
        return self.host, self.port

    @property
    def credentials(self) -> tuple[object, ...]:
        """Everything that decides which credentials are sent to which gateway."""
        return self.serial, self.local, self.token, self.token_file

    @property
    def schemes(self) -> tuple[str, ...]:
        """The schemes to try. A pinned certificate permits TLS only."""
        if self.scheme != "auto":
            return (self.scheme,)
        return ("https",) if self.fingerprint or self.ca_certificates else ("https", "http")
