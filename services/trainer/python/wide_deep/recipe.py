"""The recipe of a training: defaults by the number of examples, overruled by the job type's hyperparameters.

| hyperparameter    | default                                | meaning                                   |
|-------------------|----------------------------------------|---------------------------------------------------|
| `epochs`          | 150,000 / examples, from 12 to 20      | times that a fit sees every example               |
| `batchSize`       | a 30th of the examples, 16 to 256      | examples per step                                 |
| `learningRate`    | 0.003                                  | highest rate of Adam                              |
| `labelSmoothing`  | 0.1                                    | probability spread over all intents               |
| `featureDropout`  | 0.3                                    | share of n-grams left out of each text at random  |
| `hiddenDropout`   | 0.4                                    | share of hidden units left out at random          |
| `embeddingSize`   | 128                                    | width of the n-gram embedding                     |
| `hiddenSize`      | 512                                    | width of the dense head                           |
| `outOfScopeShare` | 0.05                                   | share of out-of-scope texts to expect in use      |
| `rejectShare`     | none                                   | share of in-scope texts to give up, come what may |
| `precision`       | `mixed_bfloat16` on a GPU or `float32` | Keras's dtype policy                              |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.ending import bad_input

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True)
class Recipe:
    epochs: int
    batch_size: int
    learning_rate: float = 0.003
    label_smoothing: float = 0.1
    feature_dropout: float = 0.3
    hidden_dropout: float = 0.4
    embedding_size: int = 128
    hidden_size: int = 512
    out_of_scope_share: float = 0.05
    reject_share: float | None = None
    precision: str | None = None


@dataclass(frozen=True)
class _Range:
    field: str
    lowest: float
    highest: float
    whole: bool = False


_RANGES = {
    "epochs": _Range("epochs", 1, 1000, whole=True),
    "batchSize": _Range("batch_size", 1, 65_536, whole=True),
    "learningRate": _Range("learning_rate", 1e-6, 1),
    "labelSmoothing": _Range("label_smoothing", 0, 0.9),
    "featureDropout": _Range("feature_dropout", 0, 0.9),
    "hiddenDropout": _Range("hidden_dropout", 0, 0.9),
    "embeddingSize": _Range("embedding_size", 1, 4096, whole=True),
    "hiddenSize": _Range("hidden_size", 1, 16_384, whole=True),
    "outOfScopeShare": _Range("out_of_scope_share", 0.001, 0.999),
    "rejectShare": _Range("reject_share", 0, 0.5),
}


def recipe_for(hyperparameters: Mapping[str, object], examples: int) -> Recipe:
    values: dict[str, Any] = {
        "epochs": _clamp(round(150_000 / examples), 12, 20),
        "batch_size": _clamp(round(examples / 30), 16, 256),
    }
    for name, value in hyperparameters.items():
        if name == "precision":
            values["precision"] = _precision(value)
        elif name in _RANGES:
            values[_RANGES[name].field] = _number(name, value, _RANGES[name])
        else:
            known = ", ".join([*_RANGES, "precision"])
            raise bad_input(f"spec.json: hyperparameters.{name}: there is no such hyperparameter, only {known}.")
    return Recipe(**values)


def _number(name: str, value: Any, allowed: _Range) -> float:
    is_number = isinstance(value, int) or (isinstance(value, float) and not allowed.whole)
    if is_number and not isinstance(value, bool) and allowed.lowest <= value <= allowed.highest:
        return value
    kind = "a whole number" if allowed.whole else "a number"
    raise bad_input(f"spec.json: hyperparameters.{name}: expected {kind} from {allowed.lowest} to {allowed.highest}.")


def _precision(value: object) -> str:
    if isinstance(value, str) and value in PRECISIONS:
        return value
    raise bad_input(f"spec.json: hyperparameters.precision: expected one of {', '.join(PRECISIONS)}.")


def _clamp(value: int, lowest: int, highest: int) -> int:
    return min(highest, max(lowest, value))
