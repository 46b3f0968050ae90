"""The identity of the gateway, and its clock."""

from typing import Any

import pytest
from support.documents import NOW, information, of, one, read_documents

from envoy_exporter.collectors import identity
from envoy_exporter.collectors.collector import Result, Settings
from envoy_exporter.collectors.identity import Clock, GatewayInfo
from envoy_exporter.documents import HOME, HOME_JSON, INFO, Document, Documents, Json


def read(
    info: Json, home: Json = None, now: float = NOW, timezone: str | None = None, duration: float = 0.0
) -> Result[Any]:
    contents = {INFO: Document(info, requested_at=now, duration=duration), HOME: Document(home, requested_at=now)}
    return read_documents(identity.COLLECTOR, Documents(contents), Settings(timezone=timezone), now=now)


def test_identity_is_that_of_info() -> None:
    assert one(GatewayInfo, read(information())) == GatewayInfo(
        serial="122012345678", part_number="800-00555-r03", firmware="D8.3.5169", metered=True
    )


def test_identity_of_firmware_3_has_no_metered_flag() -> None:
    without_imeter: Json = {"device": {"sn": "121430030548", "pn": "800-00069-r05", "software": "D3.7.0"}}
    assert one(GatewayInfo, read(without_imeter)).metered is None


def test_identity_of_an_info_without_a_device_is_absent() -> None:
    assert of(GatewayInfo, read({"time": "1"})) == []


def test_clock_offset_is_measured_at_the_middle_of_the_request() -> None:
    assert one(Clock, read(information(), duration=3.0)).offset == -1.5


@pytest.mark.parametrize("time", ["0", "12", "900000000"])
def test_clock_before_2000_is_rejected(time: str) -> None:
    result = read(information(time=time))
    assert one(Clock, result).offset is None
    assert result.rejections == ((INFO, "clock", "time"),)


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [
        ("Europe/Amsterdam", 1_781_000_000, 2),
        ("Europe/Amsterdam", 1_795_000_000, 1),
        ("US/Eastern", 1_781_000_000, -4),
        ("Asia/Kolkata", 1_781_000_000, 5.5),
    ],
)
def test_clock_utc_offset_includes_daylight_saving(zone: str, now: float, hours: float) -> None:
    assert one(Clock, read(information(), {"timezone": zone}, now)).utc_offset == hours * 3600


def test_clock_time_zone_of_the_config_overrides_the_gateway() -> None:
    result = read(information(), {"timezone": "Europe/Amsterdam"}, timezone="Pacific/Kiritimati")
    assert one(Clock, result).utc_offset == 14 * 3600


@pytest.mark.parametrize("zone", ["Mars/Phobos", "../../etc/passwd", "/etc/localtime", "x" * 500])
def test_clock_time_zone_that_is_unknown_is_rejected(zone: str) -> None:
    result = read(information(), {"timezone": zone})
    assert one(Clock, result).utc_offset is None
    assert result.rejections == ((HOME, "range", "timezone"),)


def test_clock_time_zone_of_older_firmware_is_in_home_json() -> None:
    contents = {INFO: Document(information("D5.0.62")), HOME_JSON: Document({"timezone": "America/Phoenix"})}
    result = read_documents(identity.COLLECTOR, Documents(contents))
    assert one(Clock, result).utc_offset == -7 * 3600


def test_clock_firmware_build_time_is_exposed() -> None:
    result = read(information(build_info={"build_time_gmt": "1750089959"}))
    assert one(Clock, result).firmware_build == 1_750_089_959
