import sys
from pathlib import Path

Path(sys.argv[1]).write_text(Path("steps/near.json").read_text())
