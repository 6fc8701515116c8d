"""The model on disk, enough to answer without any of the training code.

- `model.json`: intents, calibration and sizes, with how it was trained;
- `weights.npz`: the inverse document frequency of each bucket, then the network's weights in Keras's order.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from contract.ending import bad_input
from contract.lines import read_json
from wide_deep.calibration import Calibration, calibration_from
from wide_deep.network import Shape, build_network

FORMAT = "trainyard-wide-deep-keras-1"


@dataclass(frozen=True)
class Model:
    intents: list[str]
    calibration: Calibration
    inverse_frequencies: NDArray[np.float32]
    shape: Shape
    network: keras.Model


def write_model(output_folder: Path, model: Model, notes: Mapping[str, object]) -> None:
    folder = output_folder / "model"
    folder.mkdir(parents=True, exist_ok=True)
    description = {
        "format": FORMAT,
        "intents": model.intents,
        "calibration": asdict(model.calibration),
        "shape": asdict(model.shape),
        **notes,
    }
    (folder / "model.json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    np.savez(folder / "weights.npz", model.inverse_frequencies, *model.network.get_weights())


def read_model(input_folder: Path) -> Model:
    folder = input_folder / "model"
    description = read_json(folder / "model.json")
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise bad_input(f"model/model.json is no {FORMAT} model: give the one that this program's train wrote.")
    try:
        shape = Shape(**description["shape"])
        network = build_network(shape)
        with (folder / "weights.npz").open("rb") as file, np.load(file) as stored:
            frequencies, *weights = (stored[name] for name in stored.files)
        network.set_weights(weights)
        return Model(description["intents"], calibration_from(description["calibration"]), frequencies, shape, network)
    except (OSError, KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile):
        raise bad_input("The folder model is damaged: give all of it as train wrote it.") from None
