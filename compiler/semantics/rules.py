"""Diagnostics of names (E2) and of types and values (E3)."""

from __future__ import annotations

from ..diagnostics import Severity, declare

_E = Severity.ERROR

DUPLICATE = declare("E201", "duplicate-name", _E, "Two declarations have one name.")
UNKNOWN_NAME = declare("E202", "unknown-name", _E, "A name that nothing declares.")
UNKNOWN_OUTPUT = declare("E203", "unknown-output", _E, "A stage has no output of that name.")
UNKNOWN_ATTRIBUTE = declare("E204", "unknown-attribute", _E, "A block has no attribute of that name.")
REPEATED_ATTRIBUTE = declare("E205", "repeated-attribute", _E, "An attribute is set twice in one block.")
MISSING_ATTRIBUTE = declare("E206", "missing-attribute", _E, "A block lacks an attribute that it needs.")
NO_PIPELINE = declare("E207", "no-pipeline", _E, "A root file declares no pipeline.")
MANY_PIPELINES = declare("E208", "many-pipelines", _E, "More than one pipeline.")
IMPORT_MISSING = declare("E209", "import-not-found", _E, "An imported file cannot be read.")
IMPORT_CYCLE = declare("E210", "import-cycle", _E, "Files import each other in a circle.")
IMPORT_CONTENT = declare("E211", "import-content", _E, "An imported file declares what belongs into the root file.")
CYCLE = declare("E212", "dependency-cycle", _E, "Stages or guards wait for each other in a circle.")
UNKNOWN_COLUMN = declare("E213", "unknown-column", _E, "A rule names a column that the schema does not have.")
UNKNOWN_FUNCTION = declare("E214", "unknown-function", _E, "A function that does not exist.")
UNKNOWN_PLACEHOLDER = declare("E215", "unknown-placeholder", _E, "A placeholder that stands for nothing.")
MISSING_FILE = declare("E216", "file-not-found", _E, "A file that the spec names does not exist.")
MISSING_FUNCTION = declare("E217", "function-not-found", _E, "A Python file does not define the function.")
SIGNATURE = declare("E218", "signature-mismatch", _E, "A Python function does not take what the stage passes.")
UNKNOWN_PROFILE = declare("E219", "unknown-profile", _E, "A profile that the spec does not declare.")
UNKNOWN_EDITION = declare("E220", "unknown-edition", _E, "An edition that this compiler does not know.")
MISPLACED = declare("E221", "misplaced-statement", _E, "A statement that does not belong into its block.")
TEMPLATE_ARGUMENTS = declare("E222", "template-arguments", _E, "A guard template is applied with wrong arguments.")
SAME_INPUT = declare("E223", "same-input-name", _E, "Two inputs of a stage go by one name.")
NO_SUBJECT = declare("E224", "guard-without-subject", _E, "A guard that is on nothing and is no template.")

WRONG_TYPE = declare("E301", "wrong-type", _E, "A value of another type is wanted.")
OUT_OF_DOMAIN = declare("E302", "out-of-domain", _E, "A value lies outside what its parameter allows.")
BAD_DOMAIN = declare("E303", "bad-domain", _E, "A range or a list of choices that makes no sense.")
BAD_CRON = declare("E304", "bad-cron", _E, "A schedule that is no cron expression.")
BAD_ZONE = declare("E305", "bad-time-zone", _E, "A time zone that does not exist.")
UNKNOWN_TYPE = declare("E306", "unknown-type", _E, "A type or kind that does not exist.")
INCOMPARABLE = declare("E307", "incomparable", _E, "Two sides of a comparison have different units.")
WRONG_ARGUMENTS = declare("E308", "wrong-arguments", _E, "A function is called with wrong arguments.")
EMPTY_GUARD = declare("E309", "empty-guard", _E, "A guard without rules.")
CONSTANT_RULE = declare("E310", "constant-rule", _E, "A rule that no data can pass, or that any data passes.")
BAD_PATTERN = declare("E311", "bad-pattern", _E, "A regular expression that does not compile.")
SHELL = declare("E312", "shell-syntax", _E, "A command uses the syntax of a shell, and no shell reads it.")
BAD_CHOICE = declare("E313", "bad-choice", _E, "A word that is not among those possible here.")
BAD_PATH = declare("E314", "bad-path", _E, "A path that may not stand there.")
NOT_A_RULE = declare("E315", "not-a-rule", _E, "A line of a guard that is neither true nor false.")
WRONG_SUBJECT = declare("E316", "wrong-subject", _E, "A rule does not fit the kind of what it guards.")
CODE_IN_COMMAND = declare(
    "E317", "placeholder-in-code", _E, "A placeholder inside a text that a program would run as code."
)
BAD_COUNT = declare("E318", "bad-count", _E, "A number that must be whole, or positive.")
BAD_QUERY = declare("E330", "bad-query", _E, "A query that is not one SELECT, or a table's name that is none.")
NOT_IN_DATABASE = declare("E331", "not-in-database", _E, "A rule that the source's database cannot compute.")
NO_DRIVER = declare("E332", "no-driver", _E, "A database that nothing here can read.")
BAD_VERSION = declare("E319", "bad-version", _E, "A Python version that is none.")
SAME_SIDES = declare("E325", "same-sides", _E, "A rule that compares something with itself.")
BAD_RELAXATION = declare("E340", "bad-relaxation", _E, "What is relaxed has no reason, or no last day.")
