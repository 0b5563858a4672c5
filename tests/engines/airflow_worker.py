"""Runs inside an Airflow environment, for tests: reads requests as JSON lines, answers with one JSON line each.

One process serves many requests, because importing Airflow takes longer than most of what is asked of it.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # Airflow prints its logs to standard output

try:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    def serialized(dag):
        return DagSerialization.to_dict(dag)

except ImportError:
    from airflow.models.dagbag import DagBag
    from airflow.serialization.serialized_objects import SerializedDAG

    def serialized(dag):
        return SerializedDAG.to_dict(dag)


def parse(folder):
    """What Airflow finds in a folder of DAGs, and what it keeps of it."""
    bag = DagBag(folder, load_op_links=False)
    return {
        "errors": dict(bag.import_errors),
        "files": sorted({dag.fileloc for dag in bag.dags.values()}),
        "dags": {
            dag.dag_id: {
                "tasks": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
                "doc_md": dag.doc_md,
                "owner": dag.owner,
                "tags": sorted(dag.tags),
                "task_docs": {task.task_id: task.doc_md for task in dag.tasks},
                "pools": {task.task_id: [task.pool, task.pool_slots] for task in dag.tasks},
                "serialized": json.dumps(serialized(dag), sort_keys=True, default=str),
            }
            for dag in bag.dags.values()
        },
    }


def run(folder, dag_id, conf):
    """Runs a DAG to its end with Airflow's own scheduling of tasks."""
    bag = DagBag(folder)
    if bag.import_errors:
        raise RuntimeError(bag.import_errors)
    done = bag.dags[dag_id].test(run_conf=conf)
    tasks = done.get_task_instances()
    return {
        "run_id": done.run_id,
        "state": str(getattr(done.state, "value", done.state)),
        "tasks": {ti.task_id: str(getattr(ti.state, "value", ti.state)) for ti in tasks},
        "tries": {ti.task_id: ti.try_number for ti in tasks},
    }


def main():
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"answer": {"parse": parse, "run": run}[request.pop("do")](**request)}
        except BaseException as e:
            traceback.print_exc()
            answer = {"error": f"{type(e).__name__}: {e}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
