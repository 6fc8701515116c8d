"""An unfinished training on disk: how far it came, and of what work, then the arrays of its network and optimizer.

It is written beside its place and moved there, so a half-written one is never taken for whole. One of other data,
another seed or another recipe is not gone on from, nor one that is damaged.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wide_deep.calibration import Calibration, calibration_from

Arrays = Sequence[NDArray[Any]]

FILE_NAME = "wide-deep.npz"


@dataclass(frozen=True)
class Place:
    """How far a training came."""

    step: int
    steps: int
    """Of the fit in hand: fewer than the recipe's where time is short."""
    calibration: Calibration | None
    """None in the rehearsal, which it comes of."""

    @property
    def fit(self) -> str:
        return "rehearsal" if self.calibration is None else "final fit"


def write_checkpoint(folder: Path, work: str, place: Place, arrays: Arrays) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    head = json.dumps({"work": work, **asdict(place)})
    unfinished = folder / f"{FILE_NAME}.unfinished"
    with unfinished.open("wb") as file:
        np.savez(file, *arrays, head=np.array(head))
    unfinished.replace(folder / FILE_NAME)


def read_checkpoint(folder: Path, work: str) -> tuple[Place, Arrays] | None:
    """None where nothing of this work is stored."""
    try:
        with (folder / FILE_NAME).open("rb") as file, np.load(file) as stored:
            head = json.loads(str(stored["head"]))
            if head["work"] != work:
                return None
            arrays = [stored[f"arr_{at}"] for at in range(len(stored.files) - 1)]
            calibration = calibration_from(head["calibration"]) if head["calibration"] else None
            return Place(head["step"], head["steps"], calibration), arrays
    except (OSError, KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile):
        return None
