"""What the site may export and produce at most: `/ivp/ss/pel_settings` and `/ivp/sc/pvlimit`."""

from dataclasses import dataclass

from envoy_exporter import documents, entries
from envoy_exporter import fields as json_fields
from envoy_exporter.families import Reading, gauge, states
from envoy_exporter.fields import Fields, Reject, Rejections, flag, number, percent

from .collector import Collector, Context, Result

_TYPES = {"hard": "Hard_PEL", "soft": "Soft_PEL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLimit:
    enabled: bool | None = gauge(
        "enphase_export_limit_enabled", "1: what the site may export is limited.", fields=("PEL",)
    )
    ratio: float | None = gauge(
        "enphase_export_limit_ratio",
        "The limit, where it is a share; there while it is enabled.",
        fields=("PEL_Limit", "percent"),
    )
    power: float | None = gauge(
        "enphase_export_limit_watts",
        "The limit, where it is a power; there while it is enabled.",
        fields=("PEL_Limit",),
    )
    type: frozenset[str] | None = states(
        "enphase_export_limit_type",
        "type",
        tuple(_TYPES),
        "How the limit is kept; there while it is enabled.",
        fields=("Hard_PEL", "Soft_PEL"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionLimit:
    enabled: bool | None = gauge(
        "enphase_production_limit_enabled", "1: what the inverters may produce is limited.", fields=("enable",)
    )
    ratio: float | None = gauge(
        "enphase_production_limit_ratio",
        "The share of their power that they may produce, in force while the limit is enabled.",
        fields=("pv_limit_pct",),
    )


def read(context: Context[None]) -> Result[None]:
    seen = context.documents
    rejections = Rejections()
    readings: list[Reading] = []
    if export := entries.entry(seen.content(documents.EXPORT_LIMIT)):
        readings.append(_export(export, rejections.of(documents.EXPORT_LIMIT)))
    if production := entries.entry(seen.content(documents.PRODUCTION_LIMIT)):
        reject = rejections.of(documents.PRODUCTION_LIMIT)
        ratio = percent(production, "pv_limit_pct", reject)
        readings.append(ProductionLimit(enabled=flag(production, "enable", reject), ratio=ratio))
    return Result(tuple(readings), tuple(rejections.met), None)


def _export(fields: Fields, reject: Reject) -> ExportLimit:
    """While it is off the rest is zeros, which would read as a limit of 0 W (7.3.517), or missing (7.6.175)."""
    enabled = flag(fields, "PEL", reject)
    if not enabled:
        return ExportLimit(enabled=enabled)
    is_share, apparent = flag(fields, "percent", reject), flag(fields, "apparent", reject)
    is_power = is_share is False and not apparent  # else nobody says of what it is
    kept = {name: flag(fields, key, reject) for name, key in _TYPES.items()}
    known = all(value is not None for value in kept.values())
    return ExportLimit(
        enabled=True,
        ratio=percent(fields, "PEL_Limit", reject) if is_share else None,
        power=number(fields, "PEL_Limit", reject, low=0) if is_power else None,
        type=frozenset(name for name, value in kept.items() if value) if known else None,
    )


COLLECTOR = Collector(
    name="limits",
    enabled_by_default=True,
    readings=(ExportLimit, ProductionLimit),
    rules=(json_fields.TYPE, json_fields.RANGE),
    memory=None,
    read=read,
)
