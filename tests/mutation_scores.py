"""Prints what `make mutation` found: the score of each module, and the changes that no test noticed."""

import json
import sys
from pathlib import Path

RESULTS = Path("mutants")
KILLED = {1, 3, 24, -24, 36, 37, 152, 255}
"""Exit codes of mutmut: a test failed, pytest failed, or the change did not end in time."""
UNTRIED = {None, 2}


def main() -> int:
    survivors: list[str] = []
    print("| module | changes | noticed | score |")
    print("|---|---|---|---|")
    for path in sorted(RESULTS.rglob("*.meta")):
        codes: dict[str, int | None] = json.loads(path.read_text())["exit_code_by_key"]
        tried = {name: code for name, code in codes.items() if code not in UNTRIED}
        missed = [name for name, code in tried.items() if code not in KILLED]
        if tried:
            noticed = len(tried) - len(missed)
            module = path.relative_to(RESULTS).as_posix().removesuffix(".meta")
            print(f"| `{module}` | {len(tried)} | {noticed} | {noticed / len(tried):.1%} |")
        survivors += missed
    print()
    print("\n".join(survivors))
    print("mutmut show NAME prints a change", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
