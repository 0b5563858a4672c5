"""Counts what guards have let through."""

import json
import sys
from pathlib import Path

kept, lines, numbers = map(Path, sys.argv[1:])
found = {"kept": len(kept.read_text().splitlines()) - 1, "lines": len(lines.read_text().splitlines())}
numbers.write_text(json.dumps(found))
