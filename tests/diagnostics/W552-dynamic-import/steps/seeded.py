import sys

import joblib
from sklearn.ensemble import RandomForestClassifier

joblib.dump(RandomForestClassifier(random_state=7), sys.argv[1])
