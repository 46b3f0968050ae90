"""Likely mistakes in a valid config, for `--config.check` and the log."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import token as tokens
from .accounts import EnlightenAccess, without_token
from .clock import utc_date
from .config import Config, Gateway
from .gateway.token_file import TokenFile
from .token import Token, has_expired


def config_warnings(settings: Config, access: Mapping[str, EnlightenAccess], now: float) -> Iterator[str]:
    """Tokens that cannot be read or have expired, accounts without effect, a state directory that cannot be written."""
    for gateway in settings.gateways:
        try:
            token = _token(gateway)
        except ValueError as error:
            yield f"{gateway.name}: {error}"
            continue
        if token and token.serial is None and token.expires is None:
            yield f"{gateway.name}: not an Enphase token (those start with eyJ); the gateway may not accept it"
        if token and token.expires and has_expired(token, now) and gateway.name not in access:
            advice = "replace it, with envoy-exporter login for example; until then the gateway decides"
            yield f"{gateway.name}: the token expired on {utc_date(token.expires)}; {advice}"
    yield from without_token(settings, access)
    if access and settings.state_directory is not None:
        yield from _unwritable(settings.state_directory)


def _token(gateway: Gateway) -> Token | None:
    """Raises ValueError for a file that cannot be used."""
    if gateway.token_file:
        return TokenFile(gateway.token_file).token()
    return tokens.parse(gateway.token.reveal()) if gateway.token else None


def _unwritable(directory: Path) -> Iterator[str]:
    """The exporter creates the directory, so the nearest folder that exists must be writable."""
    existing = next(path for path in (directory.absolute(), *directory.absolute().parents) if os.path.lexists(path))
    problem = "is not a directory" if not existing.is_dir() else "is not writable"
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield f"state_directory: {existing} {problem}; fetched tokens are lost at a restart"
