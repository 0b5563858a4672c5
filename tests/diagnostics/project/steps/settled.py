import sys
from pathlib import Path

Path(sys.argv[1]).write_text(Path("data/flights.csv").read_text())
