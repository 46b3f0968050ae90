"""Limits of export and production: a limit that is off says nothing but that."""

from support.documents import one, read

from envoy_exporter.collectors import limits
from envoy_exporter.collectors.limits import ExportLimit, ProductionLimit
from envoy_exporter.documents import EXPORT_LIMIT, PRODUCTION_LIMIT, Json

OFF: dict[str, Json] = {
    "PEL": False,
    "Hard_PEL": False,
    "Soft_PEL": False,
    "Export_Limit_Type": "Aggregate",
    "percent": False,
    "apparent": False,
    "PEL_Limit": 0.0,
}


def export(**more: Json) -> ExportLimit:
    return one(ExportLimit, read(limits.COLLECTOR, {EXPORT_LIMIT: {**OFF, **more}}))


def test_a_limit_that_is_off_is_no_limit_of_zero_watts() -> None:
    assert export() == ExportLimit(enabled=False)
    assert one(ExportLimit, read(limits.COLLECTOR, {EXPORT_LIMIT: {"PEL": False}})) == ExportLimit(enabled=False)


def test_a_limit_is_a_share_or_a_power() -> None:
    share = export(PEL=True, Soft_PEL=True, percent=True, PEL_Limit=70.0)
    assert share == ExportLimit(enabled=True, ratio=0.7, type=frozenset({"soft"}))
    power = export(PEL=True, Hard_PEL=True, Soft_PEL=True, PEL_Limit=5000.0)
    assert power == ExportLimit(enabled=True, power=5000, type=frozenset({"hard", "soft"}))


def test_what_nobody_says_the_unit_of_is_left_out() -> None:
    apparent = export(PEL=True, apparent=True, PEL_Limit=5000.0)
    assert (apparent.power, apparent.ratio) == (None, None)
    unknown = one(ExportLimit, read(limits.COLLECTOR, {EXPORT_LIMIT: {"PEL": True, "PEL_Limit": 100.0}}))
    assert (unknown.power, unknown.ratio, unknown.type) == (None, None, None)


def test_production_is_limited_to_a_share() -> None:
    told = read(limits.COLLECTOR, {PRODUCTION_LIMIT: {"enable": True, "pv_limit_pct": 60}})
    assert one(ProductionLimit, told) == ProductionLimit(enabled=True, ratio=0.6)


def test_a_gateway_without_limits_has_nothing() -> None:
    assert read(limits.COLLECTOR, {}).readings == ()
