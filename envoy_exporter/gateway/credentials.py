"""Which credentials a gateway gets, whether it takes them, and what a single 401 means.

A 401 on one endpoint is no proof of a bad token: owners are refused a lot on early 7 and on 3.18. It means
"not for this role" if another endpoint that demands credentials takes them in the same poll, and if none does,
the credentials are refused. To know at once, a judge is asked: an endpoint that every owner may read.

Rejected tokens are mended here before the cloud is asked: the file is read again with each poll, and the same token is
tried once more, for a gateway that starts refuses for a while what it takes later.
"""

import logging
from collections.abc import Callable
from random import Random

import httpx

from envoy_exporter import entries, system
from envoy_exporter.clock import Clock, utc_date
from envoy_exporter.documents import Documents
from envoy_exporter.secret import Secret
from envoy_exporter.token import Token, has_expired

from .auth import Bearer, Digest
from .client import TOKENS_FROM
from .endpoint_state import back_off
from .endpoints import ENDPOINTS, PROBE_ENDPOINTS, demands_credentials
from .errors import WrongGateway
from .log_throttle import LogThrottle
from .settings import Settings
from .token_file import TokenFile
from .token_source import TokenSource
from .token_trial import TokenTrial


class Credentials:
    """Of one gateway. `accepted` is None while nobody knows; `retry` is when refused ones may be tried again."""

    def __init__(
        self,
        settings: Settings,
        random: Random,
        learn: Callable[[Secret], None],
        journal: LogThrottle,
        clock: Clock,
        source: TokenSource | None = None,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._clock = clock
        self._source = source
        self._random = random
        self._learn = learn
        self._file = TokenFile(settings.token_file) if settings.token_file else None
        self._file_trouble = ""
        self._digest: Digest | None = None
        self._refusals = 0
        self._taken: set[str] = set()
        self._tried: set[str] = set()
        self._refusing: frozenset[str] = frozenset()
        self._proof = ""
        self._refusal = ""
        self._given: Token | None = settings.token
        self._trial: TokenTrial | None = None
        self._unproven = False
        self.token: Token | None = settings.token
        self.accepted: bool | None = None
        self.retry = float("-inf")
        self.doubtful: list[str] = []
        stored = source.stored() if source else None
        if stored is not None and (self.token is None or self._is_spent(self.token)):
            learn(stored.secret)
            self.token = stored

    def follow(self, settings: Settings, journal: LogThrottle, source: TokenSource | None) -> bool:
        """Go on under other settings; False if those concern credentials, and all that is known of them is void."""
        if source is not self._source or settings.credentials != self._settings.credentials:
            return False
        self._settings, self._journal = settings, journal
        return True

    # --- what to send

    def _refresh(self) -> None:
        """Read the token file if it has changed."""
        if self._file is None:
            return
        try:
            token = self._file.token()
        except ValueError as error:
            if str(error) != self._file_trouble:
                self._journal.changed("the token file", logging.ERROR, str(error))
            self._file_trouble = str(error)
            return
        self._file_trouble = ""
        if token is None or token == self._given:
            return
        self._given = token
        if self.token is None or self.accepted is False or not self._is_spent(token):
            self._use(token)

    def _use(self, token: Token) -> None:
        """From now on, and at once."""
        self._learn(token.secret)
        if token != self.token:
            self.token, self._refusals, self.retry = token, 0, float("-inf")
        self._trial, self._unproven = None, False

    def _is_spent(self, token: Token) -> bool:
        return self._source is not None and has_expired(token, self._clock.time())

    def auth(self, seen: Documents) -> httpx.Auth | None:
        """For any endpoint but `/info`: digest below firmware 7, else the token if there is one."""
        if system.firmware_below(seen, TOKENS_FROM):
            local = self._settings.local.of(entries.device(seen, "sn"))
            if self._digest is None or self._digest.local != local:
                self._digest = Digest(local)
            return self._digest
        if self._trial is not None:
            return self._trial
        return Bearer(self.token.secret) if self.token else None

    def needs_token(self, seen: Documents) -> bool:
        """Whether there is no usable token. A rejected one is tried once more before it is replaced."""
        if self._source is None or system.firmware_below(seen, TOKENS_FROM):
            return False
        token = self.token
        if token is None or (self.accepted is False and self._refusals > 1):
            return True
        return self._trial is None and self._is_spent(token)

    def may_renew(self, seen: Documents) -> bool:
        """Whether a token that is due for renewal may be replaced: no other new one is on trial."""
        return self._source is not None and self._trial is None and not system.firmware_below(seen, TOKENS_FROM)

    def offer(self, token: Token) -> None:
        """A new one. The old one stays until a request has shown that the gateway takes the new one."""
        if self.token is None or self.accepted is False:
            if self._source is not None and self.token is not None:
                self._source.report(self.token, accepted=False)
            self._use(token)
            self._unproven = True
        else:
            self._learn(token.secret)
            self._trial = TokenTrial(token, self.token)

    def mistaken(self, seen: Documents) -> WrongGateway | None:
        """Is it not the gateway that the config, or the token, names: then it gets nothing secret."""
        serial = entries.device(seen, "sn")
        told = f"it has the serial {serial}" if serial else "it does not say its serial"
        expected = self._settings.serial
        if expected and serial != expected:
            return WrongGateway("wrong_gateway", f"{told}, and the config names {expected}")
        bound = self.token.serial if self.token and not system.firmware_below(seen, TOKENS_FROM) else None
        if bound and serial != bound:
            return WrongGateway("wrong_gateway", f"{told}, and the token was made for {bound}")
        return None

    # --- what came back

    @property
    def trouble(self) -> str | None:
        """What is wrong with them and what to do, in words without them; None if nothing is."""
        if self.token is None and self._file_trouble:
            return self._file_trouble  # and not that there is no token, which follows from it
        refusal = self._refusal if self.accepted is False else ""
        return refusal or self._file_trouble or (self._source.status.error if self._source else "") or None

    def begin_poll(self) -> None:
        self._refresh()
        self._taken.clear()
        self._tried.clear()
        self.doubtful.clear()

    def trying(self, endpoint: str) -> None:
        self._tried.add(endpoint)

    def taken(self, endpoint: str, seen: Documents) -> None:
        """The endpoint answered."""
        challenged = self._digest is not None and endpoint in self._digest.challenged
        if not (challenged or demands_credentials(endpoint, seen)):
            return
        self._taken.add(endpoint)
        if self.accepted is False:
            self._journal.changed("the credentials", logging.INFO, "it accepts the credentials again")
        self.accepted, self._refusals = True, 0
        self._judge_new(endpoint)

    def _judge_new(self, endpoint: str) -> None:
        """Has this request told whether the gateway takes the new token; a no counts only from a judge."""
        source, trial = self._source, self._trial
        if source is None:
            return
        if self._unproven and self.token is not None:
            self._unproven = False
            source.report(self.token, accepted=True)
        elif trial is not None and trial.passed:
            self.token, self._trial = trial.new, None
            source.report(trial.new, accepted=True)
        elif trial is not None and trial.passed is False and endpoint in PROBE_ENDPOINTS:
            self._trial = None
            source.report(trial.new, accepted=False)

    def gone(self, endpoint: str) -> None:
        """The endpoint is not on this gateway any more, so it can prove nothing."""
        if self.accepted is False and endpoint == self._proof:
            self.accepted = None

    def begin_anew(self) -> None:
        """Another gateway or firmware: what the old one took, or challenged, says nothing."""
        self.accepted, self._refusals, self._digest = None, 0, None
        self.doubtful.clear()

    def doubted(self, endpoint: str) -> None:
        """The endpoint answered 401."""
        self.doubtful.append(endpoint)

    def for_role(self) -> bool:
        """Do the 401s of this poll concern the role: something else took the credentials."""
        return bool(self._taken)

    def may_try(self, now: float) -> bool:
        return self.accepted is not False or now >= self.retry

    def judge(self, seen: Documents) -> str | None:
        """The endpoint to ask next, out of turn: one that can still tell, or the proof that all is well again."""
        if self.accepted is False:
            return self._proof if self._proof not in self._tried else None
        failed = self._trial is not None and self._trial.passed is False
        if not failed and (not self.doubtful or self._taken):
            return None
        return next(
            (each for each in PROBE_ENDPOINTS if each not in self._tried and demands_credentials(each, seen)), None
        )

    def refused(self, seen: Documents, now: float, at: float) -> None:
        """Nobody took them: no more tries but one, of one endpoint, at the end of each back-off.

        `now` is of the monotonic clock, `at` in seconds since 1970.
        """
        if self._source is not None and self.token is not None and (self._unproven or self._trial is not None):
            self._source.report(self.token, accepted=False)
            if self._trial is not None:
                self._source.report(self._trial.new, accepted=False)
            self._unproven, self._trial = False, None
        self._refusal = f"refuses the credentials (HTTP 401): {self._advice(seen, at)}"
        if self.accepted is not False:
            self._journal.changed("the credentials", logging.ERROR, f"it {self._refusal}")
            self._refusing = frozenset(self.doubtful)
            self._proof = next((each for each in PROBE_ENDPOINTS if each in self._refusing), self.doubtful[0])
        self.accepted = False
        wait = back_off(self._refusals, self._settings.min_interval)
        self.retry = now + wait * self._random.uniform(1.0, 1.2)
        self._refusals += 1

    def blocked(self, seen: Documents) -> frozenset[str]:
        """What is not asked while they are refused: what nobody gets without, and what refused them."""
        if self.accepted is not False:
            return frozenset()
        demanding = (each.name for each in ENDPOINTS if demands_credentials(each.name, seen))
        return self._refusing.union(demanding)

    def _advice(self, seen: Documents, at: float) -> str:
        """What to do now."""
        if system.firmware_below(seen, TOKENS_FROM):
            wrong = "it knows another password for the user, or no such user"
            factory = "from the factory: envoy, and the last six digits of the serial"
            return f"{wrong}; set local.username and local.password ({factory})"
        source = "get one for this gateway at https://entrez.enphaseenergy.com and set token or token_file"
        if self._source is not None:
            source = self._source.status.error or "Enlighten is asked for a new one"
        if self.token is None:
            return f"its firmware wants a token; {source}"
        if self.token.expires is None:
            return f"the token is none that it takes; {source}"
        if self.token.expires < at:
            return f"the token ran out on {utc_date(self.token.expires)}; {source}"
        return f"the token runs until {utc_date(self.token.expires)}, so it may be revoked; {source}"
