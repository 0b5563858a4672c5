"""Learns nothing: the model is its accuracy."""

import json
import sys
from pathlib import Path

accuracy = float(sys.argv[1])
for path in sys.argv[2:]:
    Path(path).write_text(json.dumps({"accuracy": accuracy, "loss": 1 - accuracy}))
