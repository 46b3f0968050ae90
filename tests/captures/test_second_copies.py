"""Real gateways whose every answer comes twice, the second time with the next question.

All but two of those with firmware 7 and later refuse whatever they do not have in the same words, and many say `[]` to
several questions. Simulated profiles do neither so often.
"""

from pathlib import Path

from support.clock import StillClock
from support.exporter import Scraped
from support.exposition import Key
from support.gateways import settings

from envoy_exporter.simulator import Simulator

POLLS = 2


def known(capture: Path, fault: str | None) -> tuple[set[Key], int]:
    """The series after some polls, a minute apart, and how many connections they took."""
    clock = StillClock()
    with Simulator.of_capture(capture, clock=clock.time, tls=False, at_present=True) as gateway:
        if fault:
            gateway.faults.on(fault)
        scraped = Scraped(settings(gateway, keep_alive=True), clock)
        for _ in range(POLLS):
            scraped.poll()
            clock.turn(60)
        there = {key for key in scraped.exposition().samples if "request" not in key[0] and "fail" not in key[0]}
        Scraped.close_all()
        return there, gateway.load.connections


def test_a_real_gateway_that_answers_twice_loses_nothing(captures: Path) -> None:
    lost = {}
    folders = [each for each in sorted(captures.iterdir()) if (each / "info").is_file() and each.name >= "7"]
    for folder in folders:
        well, once = known(folder, None)
        twice, often = known(folder, "answered-twice")
        assert often > once, "the second copies were noticed"
        if well - twice:
            lost[folder.name] = sorted(name for name, _ in well - twice)
    assert len(folders) > 10
    assert lost == {}
