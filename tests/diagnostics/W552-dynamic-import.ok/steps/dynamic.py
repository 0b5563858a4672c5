import importlib
import sys

importlib.import_module(sys.argv[2]).train(sys.argv[1], random_state=7)
