"""`mlops.pyz`: the runtime as one file that any Python 3.10 runs. Equal runtimes give equal bytes."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path

_LAUNCH = """\
import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["call"]:
        from mlops_runtime.call import main

        sys.exit(main(sys.argv[2:]))
    from mlops_runtime.commands import main

    sys.exit(main(sys.argv[1:]))
"""


@cache
def runtime_archive() -> bytes:
    """The zipapp. Nothing in it depends on the machine, the folder or the time at which it is made."""
    folder = Path(__file__).parent.parent / "runtime"
    files = {f"mlops_runtime/{p.relative_to(folder).as_posix()}": p.read_bytes() for p in folder.rglob("*.py")}
    files["__main__.py"] = _LAUNCH.encode()
    buffer = io.BytesIO()
    buffer.write(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, also when made elsewhere
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=9)
    return buffer.getvalue()
