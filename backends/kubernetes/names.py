"""Names that Kubernetes takes, whatever the spec calls things."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

# A Job's pods get a suffix and so do our Jobs (a dash and ten digits of the run); a CronJob may have 52 characters.
PREFIX_LIMIT = 52


def legal(text: str, limit: int = PREFIX_LIMIT) -> str:
    """A DNS-1123 label made from `text`; what had to be cut ends in a digest of the whole, so it stays apart."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if not name or len(name) > limit:
        digest = sha256(text.encode()).hexdigest()[:8]
        name = f"{name[: limit - 9]}".rstrip("-") + f"-{digest}" if name else f"x-{digest}"
    return name


def legal_all(texts: Iterable[str], limit: int = PREFIX_LIMIT) -> dict[str, str]:
    """A legal name for each text, no two alike: `a_b` and `a[b]` both want `a-b`, so both get a digest."""
    texts = list(texts)
    wanted = {t: legal(t, limit) for t in texts}
    taken = Counter(wanted.values())
    return {
        t: name if taken[name] == 1 else f"{legal(t, limit - 9)}-{sha256(t.encode()).hexdigest()[:8]}"
        for t, name in wanted.items()
    }


def label_value(text: str) -> str:
    """A label's value: at most 63 characters, letters and digits at both ends."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:63].strip("._-")


def config_keys(paths: Iterable[str]) -> dict[str, str]:
    """A ConfigMap key for each file's path: `steps/train.py` is kept under `steps__train.py`."""
    paths = list(paths)
    wanted = {p: re.sub(r"[^A-Za-z0-9._-]+", "_", p.replace("/", "__"))[-200:] for p in paths}
    taken = Counter(wanted.values())
    return {
        p: key if taken[key] == 1 and key.strip(".") else f"{key}.{sha256(p.encode()).hexdigest()[:8]}"
        for p, key in wanted.items()
    }
