"""Where a program reads, writes and keeps unfinished work."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.ending import bad_input


@dataclass(frozen=True)
class Folders:
    input: Path
    output: Path
    checkpoint: Path


def folders_from(environment: Mapping[str, str]) -> Folders:
    def folder(name: str, variable: str) -> Path:
        path = environment.get(variable)
        if path:
            return Path(path)
        raise bad_input(f"The environment variable {variable} is not set: name the {name} folder with it.")

    return Folders(
        input=folder("input", "TRAINYARD_INPUT_DIR"),
        output=folder("output", "TRAINYARD_OUTPUT_DIR"),
        checkpoint=folder("checkpoint", "TRAINYARD_CHECKPOINT_DIR"),
    )
