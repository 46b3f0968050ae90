"""How often an account is used, and when a token is renewed: plain numbers, and an account without a cloud."""

import threading
from itertools import pairwise
from random import Random

import pytest
from support.clock import ManualClock

from envoy_exporter.enlighten.account import FAILED, REFUSED, Account, RateLimited, pause
from envoy_exporter.enlighten.client import CloudError, Enlighten, Login, NoToken, Rejected, Unavailable
from envoy_exporter.secret import Secret
from envoy_exporter.token import Token, due

HOUR, DAY, YEAR = 3600.0, 86400.0, 365 * 86400.0
TOKEN = Token(Secret("t"), serial="1", issued=0.0, expires=YEAR)


class Scripted(Enlighten):
    """A cloud that answers as a test says, and counts."""

    def __init__(self) -> None:
        super().__init__(Login(username="u", password=Secret("p")), clock=ManualClock(), counted=print, user_agent="t")
        self.error: CloudError | None = None
        self.asked: list[str] = []

    def token(self, serial: str) -> Token:
        self.asked.append(serial)
        if self.error is not None:
            raise self.error
        return TOKEN


def tries(account: Account, clock: ManualClock, seconds: float, step: float, *serials: str) -> list[float]:
    """When each try was made, from now on, by gateways that ask whenever they may."""
    begun, made = clock.monotonic(), []
    while clock.monotonic() - begun < seconds:
        for serial in serials:
            try:
                account.token(serial, wait=False)
            except CloudError:
                made.append(clock.monotonic() - begun)
            except RateLimited:
                pass
        clock.advance(step)
    return made


def test_the_pauses() -> None:
    assert [pause(failures, REFUSED) / HOUR for failures in range(5)] == [1, 2, 4, 4, 4]
    assert [pause(failures, FAILED) for failures in range(8)] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert pause(10**6, FAILED) == 3600


def test_a_refused_account_is_tried_at_most_once_an_hour_by_all_its_gateways() -> None:
    cloud, clock = Scripted(), ManualClock()
    cloud.error = Rejected("no", "password")
    made = tries(Account(cloud, clock, Random(1)), clock, 24 * HOUR, 15, "1", "2", "3")
    assert 2 <= len(made) <= 12
    assert all(after - before >= HOUR for before, after in pairwise(made))


def test_a_gateway_without_a_token_waits_alone_but_for_a_minute() -> None:
    cloud, clock = Scripted(), ManualClock()
    account = Account(cloud, clock, Random(1))
    cloud.error = Rejected("no", "serial")
    assert tries(account, clock, 30, 15, "1") == [0]
    assert not account.is_open("2"), "each try brings the password to the cloud"
    clock.advance(60)
    assert not account.is_open("1")
    assert account.is_open("2")
    cloud.error = None
    assert account.token("2", wait=False) == TOKEN


@pytest.mark.parametrize("error", [Unavailable("down"), Unavailable("down", 5.0)])
def test_a_cloud_that_is_down_is_asked_again_in_a_minute(error: CloudError) -> None:
    cloud, clock = Scripted(), ManualClock()
    cloud.error = error
    made = tries(Account(cloud, clock, Random(1)), clock, HOUR, 15, "1", "2")
    assert 4 <= len(made) <= 6
    assert 60 <= made[1] <= 90


def test_a_cloud_that_names_a_time_is_asked_no_sooner() -> None:
    cloud, clock = Scripted(), ManualClock()
    cloud.error = Unavailable("busy", 1800.0)
    made = tries(Account(cloud, clock, Random(1)), clock, HOUR, 15, "1", "2")
    assert len(made) == 2
    assert 1800 <= made[1] <= 2175


def test_an_answer_that_is_no_token_concerns_one_gateway() -> None:
    cloud, clock = Scripted(), ManualClock()
    account = Account(cloud, clock, Random(1))
    cloud.error = NoToken("Error in generating Token")
    tries(account, clock, 15, 15, "1")
    assert account.is_open("2")
    assert not account.is_open("1")


def test_a_success_ends_the_doubling() -> None:
    cloud, clock = Scripted(), ManualClock()
    account = Account(cloud, clock, Random(1))
    cloud.error = Unavailable("down")
    tries(account, clock, HOUR, 15, "1")
    clock.advance(2 * HOUR)
    cloud.error = None
    account.token("1", wait=False)
    cloud.error = Unavailable("down")
    made = tries(account, clock, 200, 15, "1")
    assert len(made) == 2


def test_one_try_at_a_time_and_who_is_in_need_waits_for_it() -> None:
    clock = ManualClock()
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Scripted):
        def token(self, serial: str) -> Token:
            begun.set()
            assert go_on.wait(10)
            return super().token(serial)

    cloud = Slow()
    account = Account(cloud, clock, Random(1))
    first = threading.Thread(target=account.token, args=("1",), kwargs={"wait": False})
    first.start()
    assert begun.wait(10)
    with pytest.raises(RateLimited):
        account.token("2", wait=False)
    second = threading.Thread(target=account.token, args=("3",), kwargs={"wait": True})
    second.start()
    go_on.set()
    first.join(10)
    second.join(10)
    assert cloud.asked == ["1", "3"]


def token(life: float, *, issued: bool = True) -> Token:
    return Token(Secret("t"), serial="1", issued=0.0 if issued else None, expires=life)


def test_a_twelfth_of_its_life_before_its_end() -> None:
    assert due(token(360 * DAY), 0.0) == 330 * DAY
    assert due(token(12 * HOUR), 0.0) == 11 * HOUR
    assert due(token(12 * HOUR, issued=False), 0.0) == 11 * HOUR
    assert due(Token(Secret("opaque")), 0.5) == float("inf")
    assert due(Token(Secret("t"), issued=9 * DAY, expires=DAY), 1.0) == DAY


def test_a_hundred_gateways_of_one_day_are_not_renewed_in_one_hour() -> None:
    random = Random(1)
    moments = sorted(due(token(360 * DAY), random.random()) for _ in range(100))
    assert 327 * DAY <= moments[0] <= moments[-1] <= 330 * DAY
    assert moments[-1] - moments[0] > 2 * DAY
    assert max(sum(start <= each < start + HOUR for each in moments) for start in moments) <= 10
