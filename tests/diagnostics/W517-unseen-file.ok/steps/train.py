import sys
from pathlib import Path

import pandas

rates = pandas.read_json("config/rates.json")
rates.to_csv(sys.argv[2])
print(Path(sys.argv[1]).read_text(), Path("none.txt").exists())
