"""`predict`: a model and texts in, answers out."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from contract.folders import Folders
from contract.report import log
from contract.rows import ExamText, Prediction, read_texts, write_predictions
from wide_deep.calibration import probabilities
from wide_deep.device import take_device
from wide_deep.features import counts_of, vectors_of
from wide_deep.model_folder import Model, read_model
from wide_deep.network import logits_of

# How many of the likeliest answers `top` names.
NAMED = 5


def predict(folders: Folders) -> None:
    # Answers are to be the same on every device, and cost next to nothing.
    log(take_device("float32"))
    model = read_model(folders.input)
    texts = read_texts(folders.input)
    write_predictions(folders.output, _answers(model, texts))


def _answers(model: Model, texts: list[ExamText]) -> Iterator[Prediction]:
    vectors = vectors_of(counts_of([text.text for text in texts]), model.inverse_frequencies)
    shares = probabilities(logits_of(model.network, vectors), model.calibration)
    names: list[str | None] = [*model.intents, None]
    if model.calibration.gate is None:
        names.pop()
    for text, row in zip(texts, shares, strict=True):
        top = [(names[column], float(row[column])) for column in _likeliest(row[: len(names)])]
        intent, confidence = top[0]
        yield Prediction(text.id, intent, confidence, top)


def _likeliest(shares: NDArray[np.floating]) -> NDArray[np.intp]:
    """The columns of the largest shares, the largest first, and the lower column first among equals."""
    return np.argsort(-shares, kind="stable")[:NAMED]
