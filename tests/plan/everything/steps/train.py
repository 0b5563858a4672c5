import local_help


def train(piece, rate, loss, model, metrics, predictions):
    return local_help.read()


def check(path):
    return True
