"""Declaring a metric on a reading's field, and what comes of it."""

import re
from dataclasses import dataclass

import pytest
from support.exposition import parsed, parsed_openmetrics

from envoy_exporter.families import Family, collect, counter, describe, flags, gauge, info, label, states
from envoy_exporter.gateway_collector import families
from envoy_exporter.web.exposition import Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Kettle:
    kettle: str = label()
    lid: str | None = label()
    power: float | None = gauge("kitchen_kettle_power_watts", "Power.", fields=("now",))
    energy: float | None = counter("kitchen_kettle_energy_joules_total", "Energy.", fields=("sum",))
    on: bool | None = gauge("kitchen_kettle_on", "Is it on.", fields=("on",))
    known: bool = info("kitchen_kettle_info", "A kettle.", fields=("name",))
    mode: str | frozenset[str] | None = states(
        "kitchen_kettle_mode", "mode", ("warm", "boil"), "Mode.", fields=("mode",)
    )


def text(*kettles: Kettle) -> str:
    metrics, _ = collect((Kettle,), kettles)
    parsed_openmetrics(Format.OPENMETRICS.render(metrics).decode())
    return Format.TEXT.render(metrics).decode()


def test_collect_renders_every_type_of_metric() -> None:
    kettle = Kettle(kettle="a", lid=None, power=-0.5, energy=3600.0, on=True, mode="boil")
    assert text(kettle) == (
        "# HELP kitchen_kettle_power_watts Power (now).\n"
        "# TYPE kitchen_kettle_power_watts gauge\n"
        'kitchen_kettle_power_watts{kettle="a",lid=""} -0.5\n'
        "# HELP kitchen_kettle_energy_joules_total Energy (sum).\n"
        "# TYPE kitchen_kettle_energy_joules_total counter\n"
        'kitchen_kettle_energy_joules_total{kettle="a",lid=""} 3600.0\n'
        "# HELP kitchen_kettle_on Is it on (on).\n"
        "# TYPE kitchen_kettle_on gauge\n"
        'kitchen_kettle_on{kettle="a",lid=""} 1.0\n'
        "# HELP kitchen_kettle_info A kettle (name).\n"
        "# TYPE kitchen_kettle_info gauge\n"
        'kitchen_kettle_info{kettle="a",lid=""} 1.0\n'
        "# HELP kitchen_kettle_mode Mode (mode).\n"
        "# TYPE kitchen_kettle_mode gauge\n"
        'kitchen_kettle_mode{kettle="a",lid="",mode="warm"} 0.0\n'
        'kitchen_kettle_mode{kettle="a",lid="",mode="boil"} 1.0\n'
        'kitchen_kettle_mode{kettle="a",lid="",mode="other"} 0.0\n'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoon:
    length: float | None = gauge("kitchen_spoon_length", "Length, in the drawer.", fields=("l", "drawers[].l"))
    stirs: int | None = counter("kitchen_spoon_stirs_total", "Stirs.")
    raised: frozenset[str] | None = flags("kitchen_spoon_flag", ("bent",), "Flags.", fields=("flags",))


def test_help_with_fields_ends_with_their_names() -> None:
    length, _, raised = describe((Spoon,))
    assert (length.help, raised.help) == ("Length, in the drawer (l, drawers[].l).", "Flags (flags).")


def test_help_without_fields_is_unchanged() -> None:
    _, stirs, _ = describe((Spoon,))
    assert stirs.help == "Stirs."


def test_collect_of_none_has_no_sample() -> None:
    exposition = parsed(text(Kettle(kettle="a", lid="b")))
    assert {name for name, _ in exposition.samples} == {"kitchen_kettle_info"}


def test_collect_of_an_unknown_state_is_other() -> None:
    exposition = parsed(text(Kettle(kettle="a", lid="", mode=frozenset({"warm", "melt"}))))
    assert exposition.of("kitchen_kettle_mode") == {
        ("a", "", "warm"): 1,
        ("a", "", "boil"): 0,
        ("a", "", "other"): 1,
    }


def test_collect_of_duplicate_labels_keeps_the_first_and_counts() -> None:
    metrics, duplicates = collect((Kettle,), [Kettle(kettle="a", lid="", power=1), Kettle(kettle="a", lid="", power=2)])
    assert duplicates == 1
    assert parsed(Format.TEXT.render(metrics).decode()).of("kitchen_kettle_power_watts") == {("a", ""): 1}


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("enphase_x_power_watts", "watts"),
        ("enphase_x_energy_joules_total", "joules"),
        ("enphase_x_reactive_power_volt_amperes_reactive", "volt_amperes_reactive"),
        ("enphase_x_apparent_energy_volt_ampere_seconds_total", "volt_ampere_seconds"),
        ("enphase_x_current_amperes", "amperes"),
        ("enphase_x_enabled", ""),
    ],
)
def test_unit_is_the_end_of_the_name(name: str, unit: str) -> None:
    assert Family(name, "gauge", "").unit == unit


DESCRIBED = list(families())


def test_families_have_different_names() -> None:
    names = [family.name for family in DESCRIBED]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("family", DESCRIBED, ids=lambda family: family.name)
def test_family_follows_the_naming_rules(family: Family) -> None:
    assert re.fullmatch(r"enphase_[a-z0-9]+(_[a-z0-9]+)*", family.name)
    assert (family.type == "counter") == family.name.endswith("_total")
    assert (family.type == "info") == family.name.endswith("_info")
    assert not re.search(r"_(gauge|counter|percent|wh|kwh|milli\w*|fahrenheit)(_|$)", family.name)
    assert family.help.endswith(").") or family.name in WITHOUT_A_FIELD, "help ends with the gateway's own field"
    assert not {"instance", "job", "le", "quantile"} & set(family.labels)


WITHOUT_A_FIELD = {
    # The exporter's own metrics about a gateway.
    "enphase_up",
    "enphase_authenticated",
    "enphase_scrape_collector_success",
    "enphase_scrape_collector_duration_seconds",
    "enphase_scrape_collector_last_success_timestamp_seconds",
    "enphase_gateway_requests_total",
    "enphase_gateway_request_failures_total",
    "enphase_data_rejected_total",
    "enphase_token_renewals_total",
}


def test_describe_returns_families_in_order() -> None:
    assert [family.name for family in describe((Kettle,))][:2] == [
        "kitchen_kettle_power_watts",
        "kitchen_kettle_energy_joules_total",
    ]
