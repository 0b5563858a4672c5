from local_help import read

read()
