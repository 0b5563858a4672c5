import sys

import joblib
from sklearn.ensemble import RandomForestClassifier

joblib.dump(RandomForestClassifier(), sys.argv[1])
