"""mlopsc: a compiler from ML pipeline specs to what runs them."""

__version__ = "0.1.0"
