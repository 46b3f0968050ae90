"""Runs the command line: `python -m envoy_exporter`."""

import sys

from .cli import main

sys.exit(main())
