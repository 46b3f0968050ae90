"""The exporter broken on purpose: one rule less, one deadline ignored, one secret told, one lock dropped.

Each is an entry of a .toml file beside this one: what stands in a file of the package, once, and what it becomes.
`tests` are those of which one must turn red, in the words of pytest's command line. `missed`: why no test caught it
when it was made; the one that does was written, or mended, for it.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TESTS = HERE.parent
PACKAGE = TESTS.parent / "envoy_exporter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`file` within the package. An empty `becomes` is code left out."""

    name: str
    why: str
    file: str
    stands: str
    becomes: str
    tests: tuple[str, ...]
    missed: str = ""

    def applied(self, source: str) -> str:
        """The file with this in it. Raises ValueError where what it changes is not there exactly once."""
        times = source.count(self.stands)
        if times != 1:
            raise ValueError(f"{self.name}: {self.file} has {times} times: {self.stands}")
        return source.replace(self.stands, self.becomes)


def _read(path: Path) -> list[Mutant]:
    found = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    return [Mutant(**{**each, "tests": tuple(each["tests"])}) for each in found]


MUTANTS = tuple(mutant for path in sorted(HERE.glob("*.toml")) for mutant in _read(path))
