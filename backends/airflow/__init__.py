"""The Airflow target."""

from .backend import Airflow

__all__ = ["Airflow"]
