"""The limits of grid export and production: `/ivp/ss/pel_settings` and `/ivp/sc/pvlimit`."""

from dataclasses import dataclass

from envoy_exporter.documents import EXPORT_LIMIT, PRODUCTION_LIMIT
from envoy_exporter.families import Reading, gauge, states
from envoy_exporter.fields import RANGE, TYPE, FieldReader

from .collector import Collector, Context, Result
from .document_reader import DocumentReader

_TYPES = {"hard": "Hard_PEL", "soft": "Soft_PEL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLimit:
    enabled: bool | None = gauge(
        "enphase_export_limit_enabled", "Whether grid export is limited (1) or not (0).", fields=("PEL",)
    )
    ratio: float | None = gauge(
        "enphase_export_limit_ratio",
        "Grid export limit, if it is set as a percentage; absent while disabled.",
        fields=("PEL_Limit", "percent"),
    )
    power: float | None = gauge(
        "enphase_export_limit_watts",
        "Grid export limit, if it is set as a power; absent while disabled.",
        fields=("PEL_Limit",),
    )
    type: frozenset[str] | None = states(
        "enphase_export_limit_type",
        "type",
        tuple(_TYPES),
        "Type of the grid export limit: 1 for the type in force, 0 for the others; absent while the limit is disabled.",
        fields=("Hard_PEL", "Soft_PEL"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionLimit:
    enabled: bool | None = gauge(
        "enphase_production_limit_enabled",
        "Whether the production of the inverters is limited (1) or not (0).",
        fields=("enable",),
    )
    ratio: float | None = gauge(
        "enphase_production_limit_ratio",
        "Share of their power to which the inverters are limited; in force while the limit is enabled.",
        fields=("pv_limit_pct",),
    )


def read(context: Context[None]) -> Result[None]:
    reader = DocumentReader.at(context.documents, context.now)
    readings: list[Reading] = []
    if export := reader.entry(EXPORT_LIMIT):
        readings.append(_export(export))
    if production := reader.entry(PRODUCTION_LIMIT):
        readings.append(ProductionLimit(ratio=production.ratio("pv_limit_pct"), enabled=production.flag("enable")))
    return Result(tuple(readings), tuple(reader.rejections), None)


def _export(fields: FieldReader) -> ExportLimit:
    """If the limit is disabled, the rest is zeros, which look like a limit of 0 W (7.3.517), or missing (7.6.175)."""
    enabled = fields.flag("PEL")
    if not enabled:
        return ExportLimit(enabled=enabled)
    is_share, apparent = fields.flag("percent"), fields.flag("apparent")
    is_power = is_share is False and not apparent  # else the limited quantity is unknown
    kept = {name: fields.flag(key) for name, key in _TYPES.items()}
    known = all(value is not None for value in kept.values())
    return ExportLimit(
        enabled=True,
        ratio=fields.ratio("PEL_Limit") if is_share else None,
        power=fields.number("PEL_Limit", low=0) if is_power else None,
        type=frozenset(name for name, value in kept.items() if value) if known else None,
    )


COLLECTOR = Collector(
    name="limits",
    enabled_by_default=True,
    readings=(ExportLimit, ProductionLimit),
    rules=(TYPE, RANGE),
    memory=None,
    read=read,
)
