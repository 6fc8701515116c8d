"""`spec.json`: what is to be trained, and under which conditions."""

from dataclasses import dataclass
from pathlib import Path

from contract.ending import ProgramEnd, bad_input
from contract.lines import read_json, shown

KNOWN_VERSION = 1


@dataclass(frozen=True)
class Spec:
    """The fields that this program needs; a later Trainyard may add others."""

    seed: int
    time_budget_seconds: float
    hyperparameters: dict[str, object]
    intents: list[str]


def read_spec(input_folder: Path) -> Spec:
    spec = read_json(input_folder / "spec.json")
    if not isinstance(spec, dict):
        raise _wrong("the file", "an object", spec)
    if spec.get("contractVersion") != KNOWN_VERSION:
        raise _wrong("contractVersion", str(KNOWN_VERSION), spec.get("contractVersion"))
    seed, budget = spec.get("seed"), spec.get("timeBudgetSeconds")
    hyperparameters, intents = spec.get("hyperparameters"), spec.get("intents")
    if type(seed) is not int or seed < 0:
        raise _wrong("seed", "a whole number ≥ 0", seed)
    if isinstance(budget, bool) or not isinstance(budget, int | float) or not budget > 0:
        raise _wrong("timeBudgetSeconds", "a number above 0", budget)
    if not isinstance(hyperparameters, dict):
        raise _wrong("hyperparameters", "an object", hyperparameters)
    if not isinstance(intents, list) or not all(isinstance(name, str) and name != "" for name in intents):
        raise _wrong("intents", "a list of names that are not empty", intents)
    if len(set(intents)) < len(intents):
        raise _wrong("intents", "each name once", "a name twice")
    return Spec(seed, budget, hyperparameters, intents)


def _wrong(field: str, expected: str, got: object) -> ProgramEnd:
    return bad_input(f"spec.json: {field}: expected {expected}, got {shown(got)}.")
