"""Faults of the shape of a document, compared with the document without faults."""

import json

import pytest
from simulator.fault_documents import LIST, SITE, V1, fetch_json, healthy

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
def test_value_at_a_path_is_replaced(gateway: Simulator, becomes: str, fits: object) -> None:
    with gateway.faults.during("value", becomes=becomes, path="0.eid"):
        first, *others = fetch_json(gateway, "/ivp/meters")
        (previous, *before) = healthy(gateway, "/ivp/meters")
        assert first == {**previous, "eid": fits}
        assert type(first["eid"]) is type(fits)
        assert others == before


def test_value_missing_ignores_documents_without_the_path(gateway: Simulator) -> None:
    with gateway.faults.during("value", becomes="missing", path="production.1.wNow"):
        assert "wNow" not in fetch_json(gateway, SITE)["production"][1]
        assert fetch_json(gateway, V1) == healthy(gateway, V1)


def test_value_at_random_depends_on_the_seed(gateway: Simulator) -> None:
    def drawn(seed: int) -> list[str]:
        with gateway.faults.during("value", When(seed=seed)):
            return [json.dumps(fetch_json(gateway, "/ivp/meters")) for _ in range(4)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert all(document.count("null") == 1 for document in drawn(1))


@pytest.mark.parametrize(
    ("kind", "length"),
    [
        ("empty", 0), ("one-null", 20), ("bad-element", 21), ("reordered", 20), ("doubled", 21), ("many", 10020),
        ("shorter", 19),
    ],
)  # fmt: skip
def test_container_list_is_altered(gateway: Simulator, kind: str, length: int) -> None:
    with gateway.faults.during("container", kind=kind):
        whole, before = fetch_json(gateway, LIST), healthy(gateway, LIST)
        assert len(whole) == length
        assert whole != before
        if kind == "reordered":
            assert sorted(whole, key=str) == sorted(before, key=str)
        if kind == "one-null":
            assert whole == [None, *before[1:]]


def test_container_swaps_lists_and_objects(gateway: Simulator) -> None:
    with gateway.faults.during("container", kind="swapped"):
        assert list(fetch_json(gateway, LIST).values()) == healthy(gateway, LIST)
        assert fetch_json(gateway, V1) == list(healthy(gateway, V1).values())
    with gateway.faults.during("container", kind="empty", path="production"):
        assert fetch_json(gateway, SITE) == {**healthy(gateway, SITE), "production": []}


def test_novel_adds_unknown_states_types_and_keys(gateway: Simulator) -> None:
    with gateway.faults.during("novel", kind="state"):
        assert {meter["state"] for meter in fetch_json(gateway, "/ivp/meters")} == {"brand-new"}
    with gateway.faults.during("novel", kind="type"):
        assert {unit["devType"] for unit in fetch_json(gateway, LIST)} == {99}
    with gateway.faults.during("novel", kind="section"):
        assert fetch_json(gateway, SITE)["quantum"]
    with gateway.faults.during("novel", kind="spelling"):
        assert list(fetch_json(gateway, "/ivp/ensemble/power")) == ["devices"]
