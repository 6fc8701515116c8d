"""`train.jsonl`, `texts.jsonl` and `predictions.jsonl`."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from contract.ending import bad_input
from contract.lines import kind_of, read_lines


@dataclass(frozen=True)
class Example:
    text: str
    intent: str | None
    """None is an example of what the bot is not for."""


@dataclass(frozen=True)
class ExamText:
    id: str
    text: str


@dataclass(frozen=True)
class Prediction:
    id: str
    intent: str | None
    confidence: float
    top: list[tuple[str | None, float]]


def read_examples(input_folder: Path, intents: Collection[str]) -> list[Example]:
    """The training data; every intent in it is one that the spec names."""
    known = {None, *intents}
    examples = []
    for fields, place in read_lines(input_folder / "train.jsonl"):
        text, intent = _string(fields, "text", place), fields.get("intent", "")
        if isinstance(intent, list | dict) or intent not in known:
            raise bad_input(f"{place}: intent: expected null or a name from the intents of spec.json.")
        examples.append(Example(text, intent))
    if not examples:
        raise bad_input("train.jsonl holds no example: give at least two per intent.")
    return examples


def read_texts(input_folder: Path) -> list[ExamText]:
    lines = read_lines(input_folder / "texts.jsonl")
    return [ExamText(_string(fields, "id", place), _string(fields, "text", place)) for fields, place in lines]


def write_predictions(output_folder: Path, predictions: Iterable[Prediction]) -> None:
    output_folder.mkdir(parents=True, exist_ok=True)
    with (output_folder / "predictions.jsonl").open("w", encoding="utf-8") as file:
        for prediction in predictions:
            file.write(json.dumps(vars(prediction)) + "\n")


def _string(fields: dict[str, object], name: str, place: str) -> str:
    value = fields.get(name)
    if isinstance(value, str):
        return value
    got = kind_of(value) if name in fields else "nothing"
    raise bad_input(f"{place}: {name}: expected a string, got {got}.")
