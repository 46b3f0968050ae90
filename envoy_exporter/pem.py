"""Certificates and keys in PEM, from a file or from the text of a config.

The standard library loads a private key from a file only.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from .secret import Secret

Pem: TypeAlias = Path | Secret


@contextlib.contextmanager
def opened(pem: Pem) -> Iterator[Path]:
    """A file with the content; for text one that only this process can read, and that is gone afterwards.

    Raises OSError for a file that cannot be read: the error of the standard library does not name the file.
    """
    if isinstance(pem, Path):
        pem.open("rb").close()
        yield pem
    elif sys.platform == "linux":  # in memory: a container may have no writable folder
        with os.fdopen(os.memfd_create("pem"), "w") as memory:
            memory.write(pem.reveal())
            memory.flush()
            yield Path(f"/proc/self/fd/{memory.fileno()}")
    else:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(pem.reveal())
            file.flush()
            yield Path(file.name)
