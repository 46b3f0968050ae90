"""Lines about frequent changes are limited, and summarised each hour."""

import logging
from dataclasses import replace

import pytest
from support.clock import ManualClock

from envoy_exporter.gateway.log_throttle import LINES_BEFORE_SUMMARY, LogThrottle
from envoy_exporter.gateway.state import Log

FAILED = Log(logging.WARNING, "endpoint failed", "/home", {"endpoint": "/home", "error": "timed out"})
RECOVERED = Log(logging.INFO, "endpoint recovered", "/home", {"endpoint": "/home"})


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_changed_logs_a_constant_message_with_fields(caplog: pytest.LogCaptureFixture) -> None:
    LogThrottle("home", ManualClock()).changed(FAILED)
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.WARNING, "endpoint failed")
    assert 'gateway=home endpoint=/home error="timed out"' in caplog.text


def test_changes_of_a_day_are_four_lines_and_a_summary_each_hour(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    throttle = LogThrottle("home", clock)
    for minute in range(24 * 60):
        throttle.log_summary()
        throttle.changed(replace(FAILED, fields={"endpoint": "/home", "error": str(minute)}))
        clock.advance(60)
    messages = [record.getMessage() for record in caplog.records]
    *failures, flapping = messages[:LINES_BEFORE_SUMMARY]
    assert failures == ["endpoint failed"] * 3
    assert "flapping" in flapping
    summaries = messages[LINES_BEFORE_SUMMARY:]
    assert all("summary" in message for message in summaries)
    assert 22 <= len(summaries) <= 24
    summary = vars(caplog.records[-1])
    assert (summary["gateway"], summary["endpoint"], summary["changes"]) == ("home", "/home", 60)
    assert summary["latest"] == "endpoint failed"
    assert summary["error"].startswith("1"), "of the latest change"


def test_change_after_a_quiet_hour_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    throttle = LogThrottle("home", clock)
    for _ in range(10):
        throttle.changed(FAILED)
    clock.advance(3601)
    throttle.log_summary()
    throttle.changed(RECOVERED)
    assert len(caplog.records) == LINES_BEFORE_SUMMARY + 2
    assert vars(caplog.records[-2])["changes"] == 6
    assert caplog.records[-1].getMessage() == "endpoint recovered"


def test_summary_names_the_most_frequent_subject(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    throttle = LogThrottle("home", clock)
    for _ in range(10):
        throttle.changed(FAILED)
    for _ in range(6):
        throttle.changed(Log(logging.ERROR, "gateway unreachable", "gateway", {"reason": "timeout"}))
    clock.advance(3601)
    throttle.log_summary()
    summary = vars(caplog.records[-1])
    assert (summary["endpoint"], summary["changes"], summary["other_subjects"]) == ("/home", 6, 1)
