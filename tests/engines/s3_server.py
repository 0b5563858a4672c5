"""A real S3 server over HTTP (moto's) for as long as its tests run, and what a process needs to find it.

Programs that speak to it need s3fs, which the environment of the tests has. They are given its address and its keys the
way that AWS's own tools read them: by environment variables.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".engines/s3/bin/python"
MISSING = "engine missing: s3 (make engines)"


class Server:
    """One server. Every test may have a bucket of its own."""

    def __init__(self, port: int, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log, self._refuse = folder / "requests", folder / "refuse"

    @property
    def environ(self) -> dict[str, str]:
        """What a process must have in its environment to reach the server, and nothing else of AWS."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def file_system(self) -> Any:
        """The server as s3fs sees it, without what s3fs remembers of earlier looks."""
        import s3fs

        return s3fs.S3FileSystem(
            key="testing",
            secret="testing-secret",
            endpoint_url=self.url,
            client_kwargs={"region_name": "us-east-1"},
            use_listings_cache=False,
            skip_instance_cache=True,
        )

    def bucket(self, name: str, *, versions: bool = False) -> str:
        """Makes an empty bucket, which keeps the versions of its objects if asked; returns its name."""
        system = self.file_system()
        system.call_s3("create_bucket", Bucket=name)
        if versions:
            system.call_s3("put_bucket_versioning", Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def requests(self) -> list[str]:
        """The requests so far, a line each: `PUT /bucket/key 200`."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def refuse(self, number: int) -> None:
        """Lets the server answer the next requests with 503 Slow Down."""
        self._refuse.write_text(str(number))


@contextmanager
def started() -> Iterator[Server]:
    """The server, on a free port."""
    assert PYTHON.exists(), MISSING
    with tempfile.TemporaryDirectory(prefix="mlopsc-s3-") as name:
        folder = Path(name)
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [PYTHON, Path(__file__).with_name("s3_moto.py"), folder / "requests"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert process.stdin is not None and process.stdout is not None
        try:
            port = process.stdout.readline()
            assert port, (folder / "log").read_text()
            yield Server(int(port), folder)
        finally:
            process.stdin.close()
            process.wait(30)
