"""Reading the contract's JSON files. Errors say file and line, never content."""

import json
from collections.abc import Iterator
from pathlib import Path

from contract.ending import bad_input

type_names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}


def read_input(path: Path) -> str:
    """A UTF-8 file of the input folder."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        reason = "is missing"
    except UnicodeDecodeError:
        reason = "is not UTF-8"
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
    raise bad_input(f"{path} {reason}: the contract asks for a readable UTF-8 file here.")


def read_json(path: Path) -> object:
    try:
        return json.loads(read_input(path))
    except (ValueError, RecursionError):
        raise bad_input(f"{path} is not JSON: write it again.") from None


def read_lines(path: Path) -> Iterator[tuple[dict[str, object], str]]:
    """Each line that is not empty, as an object, with a name for it in errors."""
    for number, line in enumerate(read_input(path).split("\n"), start=1):
        if line.strip() != "":
            place = f"{path.name}, line {number}"
            yield _parse(line, place), place


def _parse(line: str, place: str) -> dict[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise bad_input(f"{place}: is not JSON: expected one JSON object per line.") from None
    if isinstance(value, dict):
        return value
    raise bad_input(f"{place}: is not a JSON object: expected one JSON object per line.")


def shown(value: object) -> str:
    """A value of the spec in an error: what is long is named by its kind."""
    if isinstance(value, list | dict):
        return type_names[type(value)]
    return json.dumps(value)


def kind_of(value: object) -> str:
    """A value of a dataset in an error: its kind alone."""
    return "null" if value is None else type_names[type(value)]
