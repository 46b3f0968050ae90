"""Print the lowest version of each dependency that pyproject.toml declares, as constraints for pip."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
extras = (project["optional-dependencies"][name] for name in ("speed", "auth", "simulator"))
required = [*project["dependencies"], *(requirement for extra in extras for requirement in extra)]
sys.stdout.write("".join(f"{requirement.replace('>=', '==')}\n" for requirement in required if ">=" in requirement))
