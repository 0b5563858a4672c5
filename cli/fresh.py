"""A run in which nothing has changed: known by its certificate, told, and written down as the same as another run.

A run that succeeded leaves a certificate in the store (certificates.py): what the file system said of every file that
the compiler and the run looked at. While all of it says the same, and the command, the environment and git do, the next
run could only restore the same results and come to the same verdicts. So it writes a record that names the run it is
the same as, and is over. In every other case this module answers nothing, and the run goes the long way.

It is made for speed: it imports next to nothing, and compares text with text.

    .mlops/fresh/<checksum of the key>.txt

    mlopsc fresh 1
    <key>              command, folder, interpreter, environment: all that must be equal and lies in no file
    <run>              the run that this one would be the same as
    <git>              what git says of the folder, in hexadecimal; `-` where the policy does not ask for it
    <record>           the text of run.json, in hexadecimal, with blanks for what differs
    <outcome>          what is printed, in hexadecimal, plain
    <outcome>          the same, in colours
    files<TAB>…        the paths of files, then what the file system said of them (size, times, inode, device)
    kept<TAB>…         results: their paths, then their sizes and times; how many names they have does not matter
    absent<TAB>…       paths where nothing is
    folder<TAB>…       a folder, and the names in it; one line a folder
    end <checksum>
"""

from __future__ import annotations

import os
import sys
import time
import zlib

FORMAT = "mlopsc fresh 1"
FOLDER = "fresh"
RUN, AT, SECONDS = "\x7frun\x7f", "\x7fat\x7f", "\x7fseconds\x7f"  # the blanks of a record and an outcome
_FLAGS = ("-q", "--quiet", "-v", "--verbose", "-k", "--keep-going")
_OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
_MATTER = ("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONHASHSEED", "VIRTUAL_ENV", "HOME", "TZ")


class _Asked:
    """The command, as far as it says what the run is."""

    def __init__(self, spec: str, profile: str | None) -> None:
        self.spec = spec
        self.profile = profile


def answer(arguments: list[str]) -> int | None:
    """The exit code of a run in which nothing has changed, once it is written down; nothing where that is not sure."""
    began = time.perf_counter()
    try:
        asked = _asked(arguments) if os.name == "posix" else None
    except OSError:
        return None
    if asked is None:
        return None
    folder = os.path.dirname(os.path.realpath(asked.spec))
    key = key_of(asked.spec, asked.profile)
    if key is None:
        return None
    store = f"{folder}/.mlops"
    try:
        lines = _certificate(certificate_path(store, key))
        if lines is None or lines[1] != key or os.listdir(f"{store}/tmp"):
            return None
        git = Git(folder) if lines[3] != "-" else None
        try:
            same = all(map(_as_it_was, lines[7:]))
        finally:
            said = git.said().hex() if git is not None else "-"
        if not same or said != lines[3]:
            return None
        run = _new_run_id()
        _write_down(store, run, _text(lines[4]).replace(RUN, run).replace(AT, now()))
    except (OSError, ValueError, IndexError):
        return None
    _tell(run, lines, time.perf_counter() - began)
    return 0


def certificate_path(store: str, key: str) -> str:
    """Where a store keeps what is known of a run in which nothing changed, by what was asked."""
    return f"{store}/{FOLDER}/{zlib.crc32(key.encode('utf-8', 'surrogateescape')):08x}.txt"


def _asked(arguments: list[str]) -> _Asked | None:
    """What is asked, where the options are those that change nothing of what a run makes."""
    spec = profile = None
    left = arguments[::-1]
    while left:
        word = left.pop()
        if word in _FLAGS:
            continue
        if word in ("-j", "--jobs") and left and _is_number(left[-1]):
            left.pop()
        elif _is_number(word.removeprefix("--jobs=" if word.startswith("--") else "-j")) and word.startswith("-"):
            continue
        elif word == "--profile" and left and profile is None:
            profile = left.pop()
        elif word.endswith(".mlops") and not word.startswith("-") and spec is None:
            spec = word
        else:
            return None
    if spec is None:
        here = [name for name in os.listdir() if name.endswith(".mlops") and not name.startswith(".")]
        roots = [name for name in here if _is_root(name)]
        if len(roots) != 1:
            return None
        spec = roots[0]
    return _Asked(spec, profile) if os.path.isfile(spec) else None


def _is_root(path: str) -> bool:
    # As specs.is_root, without the module `re`.
    if not os.path.isfile(path):
        return False
    with open(path, encoding="utf-8", errors="replace") as f:
        words = [line.lstrip(" \t") for line in f if "pipeline" in line]
    return any(w.startswith("pipeline") and not (w[8:9].isalnum() or w[8:9] == "_") for w in words)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and int(word) > 0


def key_of(spec: str, profile: str | None) -> str | None:
    """All that must be equal and lies in no file, as one line; nothing where such a run is not to be answered here."""
    environ = os.environ
    if any(name.startswith(("MLOPS_", "OPENLINEAGE_")) for name in environ):
        return None
    parts = [spec, str(profile), os.getcwd(), sys.executable, sys.version, os.pathsep.join(sys.path), *os.uname()]
    parts += [f"{name}={environ[name]}" for name in sorted(environ) if name in _MATTER or name.startswith("GIT_")]
    key = "\x1f".join(parts)
    return None if "\n" in key.replace(sys.version, "") else key.replace("\n", " ")


def _certificate(path: str) -> list[str] | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as f:
            text = f.read()
    except OSError:
        return None
    body, _, end = text.rpartition("end ")
    if not body.startswith(FORMAT + "\n") or end != f"{checksum(body)}\n":
        return None
    return body.split("\n")[:-1]


def checksum(body: str) -> str:
    """That of a certificate's lines, which are its last."""
    return f"{zlib.crc32(body.encode('utf-8', 'surrogateescape')):08x}"


def _as_it_was(line: str) -> bool:
    kind, _, rest = line.partition("\t")
    if kind == "folder":
        path, _, names = rest.partition("\t")
        return names_in(path) == names
    paths, _, said = rest.partition("\t\t")
    if kind == "absent":
        return not any(map(os.path.lexists, paths.split("\t")))
    return (signatures if kind == "files" else sizes)(paths.split("\t")) == said


def signatures(paths: list[str]) -> str:
    """What the file system says of files, as text. Raises OSError where one is not there."""
    stat = os.stat
    return "\t".join(
        [
            f"{s.st_size} {s.st_mtime_ns} {s.st_ctime_ns} {s.st_ino} {s.st_dev} {s.st_mode}"
            for s in [stat(p) for p in paths]
        ]
    )


def sizes(paths: list[str]) -> str:
    """Of results: what the store itself goes by. Another name for one changes the rest."""
    stat = os.stat
    return "\t".join([f"{s.st_size} {s.st_mtime_ns}" for s in [stat(p) for p in paths]])


def names_in(folder: str) -> str:
    """What a folder holds, as text."""
    return "/".join(sorted(os.listdir(folder)))


class Git:
    """What git says of a folder: the commit, and what differs from it. It is asked while other things are looked at."""

    def __init__(self, folder: str) -> None:
        self._end, into = os.pipe()
        status = ["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--", "."]
        actions = [
            (os.POSIX_SPAWN_DUP2, into, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        try:
            # As runtime/git.py asks, whose answers the record has: hooks mislead, and another user's checkout is one.
            environ = {k: v for k, v in os.environ.items() if k not in _OF_HOOKS}
            environ["GIT_OPTIONAL_LOCKS"] = "0"
            command = ["git", "-c", "safe.directory=*", "-C", folder, *status]
            self._process = os.posix_spawnp("git", command, environ, file_actions=actions)
        except BaseException:
            os.close(self._end)
            raise
        finally:
            os.close(into)

    def said(self) -> bytes:
        """All that it said, and after it how it ended."""
        with open(self._end, "rb") as f:
            found = f.read()
        return found + b" %d" % os.waitpid(self._process, 0)[1]


def _text(line: str) -> str:
    return bytes.fromhex(line).decode("utf-8", "surrogateescape")


def _new_run_id() -> str:
    # As executor.new_run_id, which is too much to import.
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.urandom(2).hex()}"


def now() -> str:
    """The time in UTC, to the millisecond, as in every record."""
    t = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + f".{int(t % 1 * 1000):03d}Z"


def _write_down(store: str, run: str, text: str) -> None:
    """As the store writes: aside, flushed, then renamed."""
    folder, aside = f"{store}/runs/{run}", f"{store}/tmp/{os.urandom(8).hex()}"
    os.mkdir(folder)
    with open(aside, "x", encoding="utf-8", errors="surrogateescape") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    os.replace(aside, f"{folder}/run.json")
    for each in (folder, f"{store}/runs"):
        handle = os.open(each, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def _tell(run: str, lines: list[str], seconds: float) -> None:
    from .terminal import has_colour, never_fail_to_print

    never_fail_to_print()
    try:
        print(f"run {run}: nothing has changed since run {lines[2]}", file=sys.stderr)
        text = _text(lines[6 if has_colour(sys.stdout) else 5])
        sys.stdout.write(text.replace(RUN, run).replace(SECONDS, f"{seconds:.1f}s"))
        sys.stdout.flush()
    except BrokenPipeError:  # a reader that leaves does not change what was done
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
