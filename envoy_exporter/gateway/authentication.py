"""The credentials of one request, and whether the gateway demands a password."""

import httpx

from envoy_exporter import entries, system
from envoy_exporter.documents import Documents

from .auth import Bearer, Digest, Local
from .endpoints import TOKENS_FROM
from .state import Login, Trying
from .token_trial import TokenTrial


class Authentication:
    """HTTP digest below firmware 7, with the challenge of the previous request; the token from 7 on."""

    def __init__(self, local: Local) -> None:
        self._local = local
        self._digest: Digest | None = None

    def of(self, login: Login, documents: Documents) -> httpx.Auth | None:
        """For any endpoint but `/info`."""
        if system.firmware_below(documents, TOKENS_FROM):
            local = self._local.of(entries.device(documents, "sn"))
            if self._digest is None or self._digest.local != local:
                self._digest = Digest(local)
            return self._digest
        if isinstance(login.state, Trying):
            return TokenTrial(login.state.new, login.state.old)
        return Bearer(login.token.secret) if login.token else None

    def challenged(self, endpoint: str) -> bool:
        """Whether the gateway demands a password for this endpoint."""
        return self._digest is not None and endpoint in self._digest.challenged

    def forget(self) -> None:
        """Drop the challenge."""
        self._digest = None
