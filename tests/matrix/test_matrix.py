"""Each fault while starting, while running and while a token is renewed: what it may cost, and that all comes back.

In `make test` each fault once, the phases in turn; in `make test-long` every variant of it in every phase.
"""

from collections import Counter
from pathlib import Path

import pytest

from envoy_simulator.cloud import RESPONSES
from envoy_simulator.faults import When
from matrix.runs import Case, every_fault, every_fault_once, run, run_mood

pytestmark = pytest.mark.integration


def holds(case: Case, folder: Path, counted: Counter[str]) -> None:
    breaches = run(case, folder, counted)
    assert not breaches, "\n".join((str(case), *dict.fromkeys(breaches)))


@pytest.mark.parametrize("case", every_fault_once(), ids=str)
def test_a_fault_costs_no_more_than_it_breaks_and_all_comes_back(
    case: Case, tmp_path: Path, counted: Counter[str]
) -> None:
    holds(case, tmp_path, counted)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", every_fault(), ids=str)
def test_every_fault_in_every_phase_costs_no_more_than_it_breaks_and_all_comes_back(
    case: Case, tmp_path: Path, counted: Counter[str]
) -> None:
    holds(case, tmp_path, counted)


@pytest.mark.parametrize("mood", ["mfa", "token_error_text"])
def test_a_cloud_that_gives_no_token_costs_nothing_while_the_old_one_is_good(
    mood: str, tmp_path: Path, counted: Counter[str]
) -> None:
    breaches = run_mood(mood, tmp_path, counted, aging=True)
    assert not breaches, "\n".join(dict.fromkeys(breaches))


def test_a_gateway_that_takes_its_time_is_not_held_against_a_cloud(tmp_path: Path, counted: Counter[str]) -> None:
    slow = When(endpoints=("/ivp/meters/readings",), last=1)
    breaches = run_mood("login_405", tmp_path, counted, aging=True, slow=slow)
    assert not breaches, "\n".join(dict.fromkeys(breaches))


@pytest.mark.exhaustive
@pytest.mark.parametrize("aging", [True, False], ids=["old token", "no token"])
@pytest.mark.parametrize("mood", [*RESPONSES, "slow"])
def test_whatever_the_cloud_says_the_token_comes_when_it_is_well(
    mood: str,
    aging: bool,
    tmp_path: Path,
    counted: Counter[str],
) -> None:
    breaches = run_mood(mood, tmp_path, counted, aging=aging)
    assert not breaches, "\n".join(dict.fromkeys(breaches))
