import sys
from pathlib import Path

Path(sys.argv[2]).write_text(Path(sys.argv[1]).read_text())
