# Made by mlopsc from iris_awk.mlops; change that and build again, not this file.
# spec sha256: 9ab6816e59a6c0b704628516eb1d8042b7d8802a35a8b06aa177ff7c7ba2e5fe
import sys
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param, TaskGroup

HERE = Path(__file__).resolve().parent / "iris_awk"  # plan.json, mlops.pyz and the project's files

# Values reach the shell as environment variables alone: none of them is ever read as code.
ENV = {
    "MLOPS_PYTHON": sys.executable,
    "MLOPS_ROOT": str(HERE / "project"),
    "MLOPS_RUN": "{{ dag.dag_id }}--{{ run_id | replace(':', '@') | replace('~', '@@') }}",
    "MLOPS_PARAMS": "{{ params | tojson }}",
}
RUN = '--plan plan.json --run "$MLOPS_RUN" --engine airflow --engine-run "$AIRFLOW_CTX_DAG_RUN_ID"'
NODE = f'"$MLOPS_PYTHON" mlops.pyz node {RUN}'
FINISH = f'"$MLOPS_PYTHON" mlops.pyz finish {RUN}'

with DAG(
    dag_id="iris_awk",
    description="Tells the species of an iris by the size of its flower. No stage is written in Python.",
    doc_md=(
        "Tells the species of an iris by the size of its flower. No stage is written in Python.\n"
        "\n"
        "Made by mlopsc from iris_awk.mlops; the spec's sha256 is 9ab6816e59a6."
    ),
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={
        "every": Param(
            5,
            type="integer",
            minimum=2,
            maximum=50,
            description="Every nth flower is set aside, to judge by.",
        ),
    },
    default_args={
        "owner": "botany@example.org",
        "cwd": str(HERE),
        "env": ENV,
        "append_env": True,
        "skip_on_exit_code": 5,  # the runtime's code for "skipped": by `when`, or after something that was
        "retries": 0,  # stages say their own; a guard that blocked would only block again
        "do_xcom_push": False,
    },
):
    # iris_awk.mlops:13
    iris = BashOperator(
        task_id="iris",
        bash_command=f"{NODE} iris",
        doc_md=(
            "150 irises of three species, measured by Edgar Anderson, published by Ronald Fisher in 1936.\n"
            "\n"
            "Takes the digest of `data/iris.csv`."
        ),
    )

    # iris_awk.mlops:18
    split = BashOperator(
        task_id="split",
        bash_command=f"{NODE} split",
        doc_md="Runs `sh steps/split.sh {inputs.iris} {params.every} {outputs.learning} {outputs.holdout}`.",
    )

    train = TaskGroup("train")

    # iris_awk.mlops:28
    train_0 = BashOperator(
        task_id="train_0",
        task_group=train,
        task_display_name="train[petal]",
        bash_command=f"{NODE} 'train[0]'",
        doc_md=(
            "One model for the petals, one for the sepals, one for both. Paths reach the program by its environment.\n"
            "\n"
            "Runs `awk -v measures={item.measures} -f steps/train.awk`."
        ),
    )

    # iris_awk.mlops:28
    train_1 = BashOperator(
        task_id="train_1",
        task_group=train,
        task_display_name="train[sepal]",
        bash_command=f"{NODE} 'train[1]'",
        doc_md=(
            "One model for the petals, one for the sepals, one for both. Paths reach the program by its environment.\n"
            "\n"
            "Runs `awk -v measures={item.measures} -f steps/train.awk`."
        ),
    )

    # iris_awk.mlops:28
    train_2 = BashOperator(
        task_id="train_2",
        task_group=train,
        task_display_name="train[all]",
        bash_command=f"{NODE} 'train[2]'",
        doc_md=(
            "One model for the petals, one for the sepals, one for both. Paths reach the program by its environment.\n"
            "\n"
            "Runs `awk -v measures={item.measures} -f steps/train.awk`."
        ),
    )

    # iris_awk.mlops:36
    choose = BashOperator(
        task_id="choose",
        bash_command=f"{NODE} choose",
        doc_md=(
            "The best of the three, by the flowers set aside.\n"
            "\n"
            "Runs `awk -v chosen={outputs.model} -v metrics={outputs.metrics} -v confusion={outputs.confusion} -f steps/choose.awk {inputs.holdout} {inputs.model}`."
        ),
    )

    # iris_awk.mlops:46
    good_enough = BashOperator(
        task_id="good_enough",
        bash_command=f"{NODE} good_enough",
        doc_md=(
            "Guards `choose.metrics`; nothing that uses it runs where a rule blocks.\n"
            "\n"
            "- `accuracy >= 0.9`\n"
            "- `accuracy >= champion.accuracy - 0.02`\n"
            "- `flowers >= 20 else warn`"
        ),
    )

    # iris_awk.mlops:52
    production = BashOperator(
        task_id="production",
        bash_command=f"{NODE} production",
        doc_md="Registers `choose.model` and moves `champion` to it.",
    )

    # The last task, so its state is the run's: failed where a stage failed or a guard blocked.
    report = BashOperator(
        task_id="report",
        bash_command=FINISH,
        trigger_rule="all_done",
        skip_on_exit_code=None,
        doc_md="Writes the run's report, and fails where the run was blocked or failed.",
    )

    iris >> split
    split >> train_0
    split >> train_1
    split >> train_2
    [split, train_0, train_1, train_2] >> choose
    choose >> good_enough
    [choose, good_enough] >> production
    [train_0, train_1, train_2, good_enough, production] >> report
