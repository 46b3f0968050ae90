"""The command as a user runs it: a separate process, and its output."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx

LISTENING = re.compile(r"msg=listening address=\S+ port=(\d+)")


class Command:
    """`envoy-exporter` with these arguments, on a free port of this machine unless `listen` is given."""

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        cwd: str | None = None,
        listen: str = "127.0.0.1:0",
    ) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ENVOY_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "envoy_exporter", f"--web.listen-address={listen}", *arguments],
            env={**clean, **(environment or {})},
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait(10)
        for reader in self._readers:
            reader.join(10)

    @property
    def output(self) -> str:
        """Everything that it has written to stdout and stderr."""
        return "".join(self._lines)

    @property
    def url(self) -> str:
        """Its URL; waits until it listens."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if match := LISTENING.search(self.output):
                return f"http://127.0.0.1:{match[1]}"
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"the command does not listen: {self.output}")

    def get(self, path: str, timeout: float = 30.0) -> httpx.Response:
        return httpx.get(self.url + path, timeout=timeout, trust_env=False)

    def wait(self, timeout: float = 30.0) -> int:
        """Waits for the end of the process and returns its exit code."""
        code = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(10)
        return code

    def _read(self, stream: object) -> None:
        for line in stream:  # type: ignore[attr-defined]
            self._lines.append(line)
        stream.close()  # type: ignore[attr-defined]
