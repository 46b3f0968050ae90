"""Each way of breaking the exporter is noticed: `make test-long` breaks it, `make test` looks that it could."""

import re
from collections import Counter
from pathlib import Path

import pytest

from mutants.copies import ALL, ANOTHER, PASSED, copied, run
from mutants.table import MUTANTS, PACKAGE, TESTS, Mutant

pytestmark = pytest.mark.integration

named = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len(MUTANTS) >= 40
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@named
def test_what_a_mutant_changes_stands_there_once_and_what_it_becomes_is_python(mutant: Mutant) -> None:
    before = (PACKAGE / mutant.file).read_text(encoding="utf-8")
    after = mutant.applied(before)
    assert after != before
    compile(after, mutant.file, "exec")


@named
def test_the_tests_that_a_mutant_names_are_there(mutant: Mutant) -> None:
    assert mutant.tests
    for each in mutant.tests:
        file, _, name = each.partition("::")
        function = re.escape(name.partition("[")[0])
        assert re.search(rf"^def {function}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE), each


def test_the_package_that_is_installed_is_not_taken_for_a_copy(tmp_path: Path) -> None:
    assert run(tmp_path, ["test_families.py"]).code == ANOTHER


@pytest.mark.exhaustive
def test_without_a_mutant_all_these_tests_pass(tmp_path: Path) -> None:
    copied(tmp_path)
    ran = run(tmp_path, sorted({each for mutant in MUTANTS for each in mutant.tests}), seconds=ALL)
    assert ran.code == PASSED, ran.said


@pytest.mark.exhaustive
@named
def test_a_mutant_is_caught(mutant: Mutant, tmp_path: Path, counted: Counter[str]) -> None:
    file = copied(tmp_path) / mutant.file
    file.write_text(mutant.applied(file.read_text(encoding="utf-8")), encoding="utf-8")
    counted["tried"] += 1
    ran = run(tmp_path, mutant.tests, "-x")
    assert ran.failed, f"{mutant.name} survived: {mutant.why}\n{ran.said}"
    counted["caught"] += 1
