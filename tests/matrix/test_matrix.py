"""Each fault while starting, while running and while a token is renewed: what it may break, and the recovery.

`make test` runs each fault once and takes the phases in turn; `make test-long` runs every variant in every phase.
"""

from collections import Counter
from pathlib import Path

import pytest

from envoy_simulator.cloud import RESPONSES
from envoy_simulator.faults import When
from matrix.cases import Case, every_fault, every_fault_once
from matrix.runs import run, run_enlighten_response

pytestmark = pytest.mark.integration


def assert_no_violations(case: Case, folder: Path, counted: Counter[str]) -> None:
    violations = run(case, folder, counted)
    assert not violations, "\n".join((str(case), *dict.fromkeys(violations)))


@pytest.mark.parametrize("case", every_fault_once(), ids=str)
def test_fault_breaks_only_its_part_and_recovers(case: Case, tmp_path: Path, counted: Counter[str]) -> None:
    assert_no_violations(case, tmp_path, counted)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", every_fault(), ids=str)
def test_every_fault_variant_breaks_only_its_part_and_recovers(
    case: Case, tmp_path: Path, counted: Counter[str]
) -> None:
    assert_no_violations(case, tmp_path, counted)


@pytest.mark.parametrize("response", ["mfa", "token_error_text"])
def test_enlighten_without_a_token_breaks_nothing_while_one_is_valid(
    response: str, tmp_path: Path, counted: Counter[str]
) -> None:
    violations = run_enlighten_response(response, tmp_path, counted, expiring_token=True)
    assert not violations, "\n".join(dict.fromkeys(violations))


def test_slow_gateway_does_not_break_an_enlighten_login(tmp_path: Path, counted: Counter[str]) -> None:
    slow = When(endpoints=("/ivp/meters/readings",), last=1)
    violations = run_enlighten_response("login_405", tmp_path, counted, expiring_token=True, slow=slow)
    assert not violations, "\n".join(dict.fromkeys(violations))


@pytest.mark.exhaustive
@pytest.mark.parametrize("expiring_token", [True, False], ids=["old token", "no token"])
@pytest.mark.parametrize("response", [*RESPONSES, "slow"])
def test_enlighten_response_delays_the_token_only_while_it_lasts(
    response: str,
    expiring_token: bool,
    tmp_path: Path,
    counted: Counter[str],
) -> None:
    violations = run_enlighten_response(response, tmp_path, counted, expiring_token=expiring_token)
    assert not violations, "\n".join(dict.fromkeys(violations))
