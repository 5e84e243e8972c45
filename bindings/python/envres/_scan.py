# SPDX-License-Identifier: MIT
"""What in any text belongs to an environment, and does not belong into the text."""
from __future__ import annotations

import threading
from typing import Any, List

from ._core import Handle, Input, Rows, rows_from, text
from ._native import ffi, lib
from ._rows import FindingRow


class Scan(Handle):
    """Holds texts against all environments: finds secrets, hosts and values of others than the one
    that the texts are meant for, and tags that are nearly right. A snapshot, which needs neither
    session nor store any more; says names only. Calls of several threads wait for each other.
    """

    __slots__ = ("findings", "_lock")

    #: About the scan itself: "not-checked" for each environment that cannot be looked for.
    findings: List[FindingRow]

    def __init__(self, cdata: Any, findings: List[FindingRow]) -> None:
        super().__init__(ffi.gc(cdata, lib.envres_scan_close))
        self.findings = findings
        self._lock = threading.Lock()

    def text(self, name: str, data: Input) -> Rows[FindingRow]:
        """Scans one text, at most 16 MiB of any bytes; ``name``: what findings call it. Errors first,
        then by position; a finding is not an error. Raises UsageError (LIMIT)."""
        with self._lock:
            return rows_from(FindingRow, lib.envres_scan_text, self._pointer(), *text(name),
                             *text(data))
