"""Which gateway it is, and what its clocks say."""

from typing import Any

import pytest
from support.documents import NOW, information, of, one, read_documents

from envoy_exporter.collectors import identity
from envoy_exporter.collectors.collector import Result, Settings
from envoy_exporter.collectors.identity import Clock, GatewayInfo
from envoy_exporter.documents import HOME, HOME_JSON, INFO, Document, Documents, Json


def read(
    info: Json, home: Json = None, now: float = NOW, timezone: str | None = None, took: float = 0.0
) -> Result[Any]:
    contents = {INFO: Document(info, requested_at=now, duration=took), HOME: Document(home, requested_at=now)}
    return read_documents(identity.COLLECTOR, Documents(contents), Settings(timezone=timezone), now=now)


def test_a_gateway_is_what_info_says() -> None:
    assert one(GatewayInfo, read(information())) == GatewayInfo(
        serial="122012345678", part_number="800-00555-r03", firmware="D8.3.5169", metered=True
    )


def test_firmware_3_does_not_say_whether_it_is_metered() -> None:
    silent: Json = {"device": {"sn": "121430030548", "pn": "800-00069-r05", "software": "D3.7.0"}}
    assert one(GatewayInfo, read(silent)).metered is None


def test_an_info_of_something_else_is_nobody() -> None:
    assert of(GatewayInfo, read({"time": "1"})) == []


def test_the_clock_is_compared_with_the_middle_of_the_request() -> None:
    assert one(Clock, read(information(), took=3.0)).offset == -1.5


@pytest.mark.parametrize("time", ["0", "12", "900000000"])
def test_a_clock_before_2000_is_no_offset(time: str) -> None:
    found = read(information(time=time))
    assert one(Clock, found).offset is None
    assert found.rejections == ((INFO, "clock", "time"),)


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [
        ("Europe/Amsterdam", 1_781_000_000, 2),
        ("Europe/Amsterdam", 1_795_000_000, 1),
        ("US/Eastern", 1_781_000_000, -4),
        ("Asia/Kolkata", 1_781_000_000, 5.5),
    ],
)
def test_local_time_has_daylight_saving_in_it(zone: str, now: float, hours: float) -> None:
    assert one(Clock, read(information(), {"timezone": zone}, now)).utc_offset == hours * 3600


def test_the_config_s_time_zone_goes_before_the_gateway_s() -> None:
    found = read(information(), {"timezone": "Europe/Amsterdam"}, timezone="Pacific/Kiritimati")
    assert one(Clock, found).utc_offset == 14 * 3600


@pytest.mark.parametrize("zone", ["Mars/Phobos", "../../etc/passwd", "/etc/localtime", "x" * 500])
def test_a_zone_that_nobody_knows_is_rejected(zone: str) -> None:
    found = read(information(), {"timezone": zone})
    assert one(Clock, found).utc_offset is None
    assert found.rejections == ((HOME, "range", "timezone"),)


def test_older_firmware_says_its_zone_in_home_json() -> None:
    contents = {INFO: Document(information("D5.0.62")), HOME_JSON: Document({"timezone": "America/Phoenix"})}
    found = read_documents(identity.COLLECTOR, Documents(contents))
    assert one(Clock, found).utc_offset == -7 * 3600


def test_when_the_firmware_was_built() -> None:
    found = read(information(build_info={"build_time_gmt": "1750089959"}))
    assert one(Clock, found).firmware_build == 1_750_089_959
