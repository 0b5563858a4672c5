"""A real PostgreSQL in a temporary folder, for as long as its tests run. It listens on a socket in that folder only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MISSING = "engine missing: postgres (sudo make system: it installs Debian's postgresql)"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl; Debian keeps them off the PATH, by version."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return folders[-1].parent if folders else None


class Server:
    """`uri` is of its superuser, who needs no password; others do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def uri(self) -> str:
        return self.uri_of("admin")

    def uri_of(self, user: str, database: str = "shop") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def execute(self, *statements: str) -> None:
        """Runs statements as the superuser."""
        import psycopg

        with psycopg.connect(self.uri, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

    def table(self, name: str, columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
        """Makes a table with these rows, in place of what was there."""
        import psycopg
        from psycopg import sql

        listed = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(n), sql.SQL(t))
            for n, t in columns.items()  # type: ignore[arg-type]
        )
        with psycopg.connect(self.uri, autocommit=True) as connection:
            table = sql.Identifier(*name.split("."))
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, listed))
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
                for row in rows:
                    copy.write_row([row.get(c) for c in columns])


@contextmanager
def started() -> Iterator[Server]:
    """The server. It refuses to run as root, which then lends it another user."""
    found = programs()
    assert found is not None
    folder = Path(tempfile.mkdtemp(prefix="mlopsc-pg-"))
    user = _unprivileged() if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)

    def call(*words: str) -> None:
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user is not None else {}
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, **who)
        assert done.returncode == 0, done.stderr + done.stdout

    data = str(folder / "data")
    call(str(found / "initdb"), "-D", data, "-A", "trust", "-U", "admin", "-E", "UTF8", "--locale=C", "-N")
    hosts = "local all admin trust\nlocal all guest trust\nlocal all all scram-sha-256\n"
    (folder / "data" / "pg_hba.conf").write_text(hosts)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    call(str(found / "pg_ctl"), "-s", "-w", "-D", data, "-l", str(folder / "log"), "-o", options, "start")
    server = Server(folder)
    try:
        _make_database(server)
        yield server
    finally:
        call(str(found / "pg_ctl"), "-s", "-m", "immediate", "-D", data, "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _make_database(server: Server) -> None:
    import psycopg

    with psycopg.connect(server.uri_of("admin", "postgres"), autocommit=True) as connection:
        # A language's order of texts, so that a test sees where it would matter.
        connection.execute(
            "CREATE DATABASE shop TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'"
        )
        connection.execute("CREATE ROLE guest LOGIN")
        connection.execute("CREATE ROLE locked LOGIN PASSWORD 'open sesame'")


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise AssertionError("root lends the server a user, and there is neither postgres nor nobody")
