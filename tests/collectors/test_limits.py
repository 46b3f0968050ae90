"""Export and production limits: a limit that is disabled has no value."""

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


def test_export_limit_that_is_disabled_has_no_value() -> None:
    assert export() == ExportLimit(enabled=False)
    assert one(ExportLimit, read(limits.COLLECTOR, {EXPORT_LIMIT: {"PEL": False}})) == ExportLimit(enabled=False)


def test_export_limit_is_a_ratio_or_a_power() -> None:
    ratio = export(PEL=True, Soft_PEL=True, percent=True, PEL_Limit=70.0)
    assert ratio == ExportLimit(enabled=True, ratio=0.7, type=frozenset({"soft"}))
    power = export(PEL=True, Hard_PEL=True, Soft_PEL=True, PEL_Limit=5000.0)
    assert power == ExportLimit(enabled=True, power=5000, type=frozenset({"hard", "soft"}))


def test_export_limit_of_unknown_unit_is_omitted() -> None:
    apparent = export(PEL=True, apparent=True, PEL_Limit=5000.0)
    assert (apparent.power, apparent.ratio) == (None, None)
    unknown = one(ExportLimit, read(limits.COLLECTOR, {EXPORT_LIMIT: {"PEL": True, "PEL_Limit": 100.0}}))
    assert (unknown.power, unknown.ratio, unknown.type) == (None, None, None)


def test_production_limit_is_a_ratio() -> None:
    result = read(limits.COLLECTOR, {PRODUCTION_LIMIT: {"enable": True, "pv_limit_pct": 60}})
    assert one(ProductionLimit, result) == ProductionLimit(enabled=True, ratio=0.6)


def test_limits_without_documents_are_absent() -> None:
    assert read(limits.COLLECTOR, {}).readings == ()


def test_export_limit_type_without_one_of_its_flags_is_absent() -> None:
    result = read(limits.COLLECTOR, {EXPORT_LIMIT: {"PEL": True, "Hard_PEL": False}})
    assert one(ExportLimit, result).type is None


def test_export_limit_ratio_above_100_percent_is_rejected() -> None:
    result = read(limits.COLLECTOR, {EXPORT_LIMIT: {"PEL": True, "percent": True, "PEL_Limit": 150}})
    assert [rejection.rule for rejection in result.rejections] == ["range"]
