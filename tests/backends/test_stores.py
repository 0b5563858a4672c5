"""What a store at a URI needs is brought along, and is what the runtime asks for where it is missing."""

from __future__ import annotations

import re

import pytest
from mlopsc.backends.airflow import Airflow
from mlopsc.compiler.plan import nodes as n
from mlopsc.compiler.plan.needs import store_packages
from mlopsc.compiler.semantics.checks.versioning import STORES
from mlopsc.runtime.remote import PACKAGES
from mlopsc.tests.runtime import plans as p


@pytest.mark.parametrize("protocol", sorted({*STORES} - {"file"}))
def test_each_protocol_brings_the_packages_that_the_runtime_imports(protocol):
    plan = p.plan(p.stage("tell", "true"), version=n.Versioning(store=f"{protocol}://there/prefix"))
    names = [re.split(r"[<>=]", line)[0] for line in store_packages(plan)]
    assert names == PACKAGES[protocol].split()


def test_airflow_installs_what_the_store_needs():
    plan = p.plan(p.stage("tell", "true"), version=n.Versioning(store="sftp://there/prefix"))
    files = {f.path: f.content for f in Airflow().emit(plan, {})}
    [needs] = [text for path, text in files.items() if path.endswith("requirements-stages.txt")]
    assert "fsspec>=" in str(needs) and "paramiko>=" in str(needs)
