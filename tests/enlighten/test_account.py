"""How often an account is used, and when a token is renewed. Nothing is requested from Enlighten."""

import threading
from itertools import pairwise
from random import Random

import pytest
from support.clock import ManualClock

from envoy_exporter.enlighten.account import FAILED_PAUSES, REJECTED_PAUSES, Account, RateLimited, pause
from envoy_exporter.enlighten.client import (
    AccountSettings,
    Enlighten,
    EnlightenError,
    NoToken,
    RequestRejected,
    Unavailable,
)
from envoy_exporter.secret import Secret
from envoy_exporter.token import Token, due

HOUR, DAY, YEAR = 3600.0, 86400.0, 365 * 86400.0
TOKEN = Token(Secret("t"), serial="1", issued=0.0, expires=YEAR)


class Scripted(Enlighten):
    """Responds with a token or with the `error`, and records the requests."""

    def __init__(self) -> None:
        super().__init__(
            AccountSettings(username="u", password=Secret("p")),
            clock=ManualClock(),
            count_response=print,
            user_agent="t",
        )
        self.error: EnlightenError | None = None
        self.serials: list[str] = []

    def token(self, serial: str) -> Token:
        self.serials.append(serial)
        if self.error is not None:
            raise self.error
        return TOKEN


def tries(account: Account, clock: ManualClock, seconds: float, step: float, *serials: str) -> list[float]:
    """The times of the tries, in seconds from now, by gateways that request a token whenever they may."""
    began, requests = clock.monotonic(), []
    while clock.monotonic() - began < seconds:
        for serial in serials:
            try:
                account.token(serial, wait=False)
            except EnlightenError:
                requests.append(clock.monotonic() - began)
            except RateLimited:
                pass
        clock.advance(step)
    return requests


def test_pause_doubles_up_to_its_maximum() -> None:
    assert [pause(failures, REJECTED_PAUSES) / HOUR for failures in range(5)] == [1, 2, 4, 4, 4]
    assert [pause(failures, FAILED_PAUSES) for failures in range(8)] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert pause(10**6, FAILED_PAUSES) == 3600


def test_rejected_account_is_tried_at_most_once_an_hour() -> None:
    enlighten, clock = Scripted(), ManualClock()
    enlighten.error = RequestRejected("no", "password")
    requests = tries(Account(enlighten, clock, Random(1)), clock, 24 * HOUR, 15, "1", "2", "3")
    assert 2 <= len(requests) <= 12
    assert all(after - before >= HOUR for before, after in pairwise(requests))


def test_rejected_serial_delays_other_gateways_for_a_minute() -> None:
    enlighten, clock = Scripted(), ManualClock()
    account = Account(enlighten, clock, Random(1))
    enlighten.error = RequestRejected("no", "serial")
    assert tries(account, clock, 30, 15, "1") == [0]
    assert not account.is_open("2"), "each try sends the password"
    clock.advance(60)
    assert not account.is_open("1")
    assert account.is_open("2")
    enlighten.error = None
    assert account.token("2", wait=False) == TOKEN


@pytest.mark.parametrize("error", [Unavailable("down"), Unavailable("down", 5.0)])
def test_unavailable_enlighten_is_tried_again_after_a_minute(error: EnlightenError) -> None:
    enlighten, clock = Scripted(), ManualClock()
    enlighten.error = error
    requests = tries(Account(enlighten, clock, Random(1)), clock, HOUR, 15, "1", "2")
    assert 4 <= len(requests) <= 6
    assert 60 <= requests[1] <= 90


def test_retry_after_delays_the_next_try() -> None:
    enlighten, clock = Scripted(), ManualClock()
    enlighten.error = Unavailable("busy", 1800.0)
    requests = tries(Account(enlighten, clock, Random(1)), clock, HOUR, 15, "1", "2")
    assert len(requests) == 2
    assert 1800 <= requests[1] <= 2175


def test_response_without_a_token_delays_only_its_gateway() -> None:
    enlighten, clock = Scripted(), ManualClock()
    account = Account(enlighten, clock, Random(1))
    enlighten.error = NoToken("Error in generating Token")
    tries(account, clock, 15, 15, "1")
    assert account.is_open("2")
    assert not account.is_open("1")


def test_success_resets_the_back_off() -> None:
    enlighten, clock = Scripted(), ManualClock()
    account = Account(enlighten, clock, Random(1))
    enlighten.error = Unavailable("down")
    tries(account, clock, HOUR, 15, "1")
    clock.advance(2 * HOUR)
    enlighten.error = None
    account.token("1", wait=False)
    enlighten.error = Unavailable("down")
    requests = tries(account, clock, 200, 15, "1")
    assert len(requests) == 2


def test_second_try_waits_for_the_first_or_is_rate_limited() -> None:
    clock = ManualClock()
    started, resume = threading.Event(), threading.Event()

    class Slow(Scripted):
        def token(self, serial: str) -> Token:
            started.set()
            assert resume.wait(10)
            return super().token(serial)

    enlighten = Slow()
    account = Account(enlighten, clock, Random(1))
    first = threading.Thread(target=account.token, args=("1",), kwargs={"wait": False})
    first.start()
    assert started.wait(10)
    with pytest.raises(RateLimited):
        account.token("2", wait=False)
    second = threading.Thread(target=account.token, args=("3",), kwargs={"wait": True})
    second.start()
    resume.set()
    first.join(10)
    second.join(10)
    assert enlighten.serials == ["1", "3"]


def token(life: float, *, issued: bool = True) -> Token:
    return Token(Secret("t"), serial="1", issued=0.0 if issued else None, expires=life)


def test_token_is_due_when_a_twelfth_of_its_lifetime_is_left() -> None:
    assert due(token(360 * DAY), 0.0) == 330 * DAY
    assert due(token(12 * HOUR), 0.0) == 11 * HOUR
    assert due(token(12 * HOUR, issued=False), 0.0) == 11 * HOUR
    assert due(Token(Secret("opaque")), 0.5) == float("inf")
    assert due(Token(Secret("t"), issued=9 * DAY, expires=DAY), 1.0) == DAY


def test_tokens_of_the_same_day_are_renewed_over_two_days() -> None:
    random = Random(1)
    moments = sorted(due(token(360 * DAY), random.random()) for _ in range(100))
    assert 327 * DAY <= moments[0] <= moments[-1] <= 330 * DAY
    assert moments[-1] - moments[0] > 2 * DAY
    assert max(sum(start <= moment < start + HOUR for moment in moments) for start in moments) <= 10
