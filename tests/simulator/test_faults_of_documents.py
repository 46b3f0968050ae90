"""Faults of a document's shape, held against the document of good health."""

import json

import pytest
from simulator.documents import LIST, SITE, V1, healthy, told

from envoy_simulator import Simulator
from envoy_simulator.faults import When

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("becomes", "fits"),
    [
        ("null", None), ("numeric-string", "704643328"), ("text", "n/a"), ("true", True), ("list", [704643328]),
        ("object", {"value": 704643328}), ("negative", -704643329), ("zero", 0), ("huge", 10**30),
        ("float", 704643328.5),
    ],
)  # fmt: skip
def test_the_value_at_a_path_becomes_another(gateway: Simulator, becomes: str, fits: object) -> None:
    with gateway.faults.during("value", becomes=becomes, path="0.eid"):
        first, *others = told(gateway, "/ivp/meters")
        (was, *before) = healthy(gateway, "/ivp/meters")
        assert first == {**was, "eid": fits}
        assert type(first["eid"]) is type(fits)
        assert others == before


def test_a_value_is_missing_and_where_there_is_no_such_path_nothing_happens(gateway: Simulator) -> None:
    with gateway.faults.during("value", becomes="missing", path="production.1.wNow"):
        assert "wNow" not in told(gateway, SITE)["production"][1]
        assert told(gateway, V1) == healthy(gateway, V1)


def test_any_value_by_the_seed(gateway: Simulator) -> None:
    def drawn(seed: int) -> list[str]:
        with gateway.faults.during("value", When(seed=seed)):
            return [json.dumps(told(gateway, "/ivp/meters")) for _ in range(4)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert all(each.count("null") == 1 for each in drawn(1))


@pytest.mark.parametrize(
    ("kind", "length"),
    [
        ("empty", 0), ("one-null", 20), ("bad-element", 21), ("reordered", 20), ("doubled", 21), ("many", 10020),
        ("shorter", 19),
    ],
)  # fmt: skip
def test_a_list_is_odd(gateway: Simulator, kind: str, length: int) -> None:
    with gateway.faults.during("container", kind=kind):
        whole, before = told(gateway, LIST), healthy(gateway, LIST)
        assert len(whole) == length
        assert whole != before
        if kind == "reordered":
            assert sorted(whole, key=str) == sorted(before, key=str)
        if kind == "one-null":
            assert whole == [None, *before[1:]]


def test_a_list_is_an_object_and_an_object_a_list(gateway: Simulator) -> None:
    with gateway.faults.during("container", kind="swapped"):
        assert list(told(gateway, LIST).values()) == healthy(gateway, LIST)
        assert told(gateway, V1) == list(healthy(gateway, V1).values())
    with gateway.faults.during("container", kind="empty", path="production"):
        assert told(gateway, SITE) == {**healthy(gateway, SITE), "production": []}


def test_something_that_this_firmware_did_not_have_yet(gateway: Simulator) -> None:
    with gateway.faults.during("novel", kind="state"):
        assert {meter["state"] for meter in told(gateway, "/ivp/meters")} == {"brand-new"}
    with gateway.faults.during("novel", kind="type"):
        assert {unit["devType"] for unit in told(gateway, LIST)} == {99}
    with gateway.faults.during("novel", kind="section"):
        assert told(gateway, SITE)["quantum"]
    with gateway.faults.during("novel", kind="spelling"):
        assert list(told(gateway, "/ivp/ensemble/power")) == ["devices"]
