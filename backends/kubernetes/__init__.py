"""The target `kubernetes`: plain objects for `kubectl apply -k`, one Job a node."""

from .backend import Kubernetes

__all__ = ["Kubernetes"]
