from helper import FACTOR

print(FACTOR)
