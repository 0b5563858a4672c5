# Made by mlopsc from quickstart.mlops; change that and build again, not this file.
# spec sha256: 618c8369e567956f04cfb86ef2429c8c6497a29cf611f638297020c537d47831
import sys
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

HERE = Path(__file__).resolve().parent / "quickstart"  # plan.json, mlops.pyz and the project's files

# Values reach the shell as environment variables alone: none of them is ever read as code.
ENV = {
    "MLOPS_PYTHON": sys.executable,
    "MLOPS_ROOT": str(HERE / "project"),
    "MLOPS_RUN": "{{ dag.dag_id }}--{{ run_id | replace(':', '@') | replace('~', '@@') }}",
}
RUN = '--plan plan.json --run "$MLOPS_RUN" --engine airflow --engine-run "$AIRFLOW_CTX_DAG_RUN_ID"'
NODE = f'"$MLOPS_PYTHON" mlops.pyz node {RUN}'
FINISH = f'"$MLOPS_PYTHON" mlops.pyz finish {RUN}'

with DAG(
    dag_id="quickstart",
    description="How far a car goes on after the brakes are hit, by its speed.",
    doc_md=(
        "How far a car goes on after the brakes are hit, by its speed.\n"
        "\n"
        "Made by mlopsc from quickstart.mlops; the spec's sha256 is 618c8369e567."
    ),
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args={
        "cwd": str(HERE),
        "env": ENV,
        "append_env": True,
        "skip_on_exit_code": 5,  # the runtime's code for "skipped": by `when`, or after something that was
        "retries": 0,  # stages say their own; a guard that blocked would only block again
        "do_xcom_push": False,
    },
):
    # quickstart.mlops:6
    cars = BashOperator(
        task_id="cars",
        bash_command=f"{NODE} cars",
        doc_md="Takes the digest of `cars.csv`.",
    )

    # quickstart.mlops:8
    train = BashOperator(
        task_id="train",
        bash_command=f"{NODE} train",
        doc_md="Runs `python train.py {inputs.cars} {outputs.model} {outputs.metrics}`.",
    )

    # quickstart.mlops:14
    good_enough = BashOperator(
        task_id="good_enough",
        bash_command=f"{NODE} good_enough",
        doc_md=(
            "Guards `train.metrics`; nothing that uses it runs where a rule blocks.\n"
            "\n"
            "- `r2 >= 0.6`\n"
            "- `rmse <= 20`"
        ),
    )

    # quickstart.mlops:16
    production = BashOperator(
        task_id="production",
        bash_command=f"{NODE} production",
        doc_md="Registers `train.model` and moves `champion` to it.",
    )

    # The last task, so its state is the run's: failed where a stage failed or a guard blocked.
    report = BashOperator(
        task_id="report",
        bash_command=FINISH,
        trigger_rule="all_done",
        skip_on_exit_code=None,
        doc_md="Writes the run's report, and fails where the run was blocked or failed.",
    )

    cars >> train
    train >> good_enough
    [train, good_enough] >> production
    [good_enough, production] >> report
