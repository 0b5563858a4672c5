"""Learns nothing: the model is its accuracy, and so are the rows."""

import json
import sys
from pathlib import Path

accuracy = float(sys.argv[1])
Path(sys.argv[2]).write_text("x\n" + "".join(f"{i - 100 * accuracy:.1f}\n" for i in range(100)))
for path in sys.argv[3:]:
    Path(path).write_text(json.dumps({"accuracy": accuracy, "loss": 1 - accuracy}))
