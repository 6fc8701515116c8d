"""From logits to probabilities over the intents and null, fitted on examples that the network has not learned from.

The softmax of the intents is taken at a temperature that makes its probabilities come true. Null takes part as one more
answer, whose share is that of the best intent × e^(sharpness × (entropy − threshold)): it wins exactly where the
softmax's entropy, the network's own doubt, is above the threshold.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import entr, log_softmax, softmax

Floats = NDArray[np.floating]

# Where label smoothing of 0.1 usually puts the temperature. Weighs as much as one example, so a handful can't run away.
USUAL_TEMPERATURE = 0.3
# Of a gate; weighs next to nothing where there are examples.
USUAL_SHARPNESS = 4.0


@dataclass(frozen=True)
class Gate:
    """When to answer null."""

    threshold: float
    sharpness: float


@dataclass(frozen=True)
class Calibration:
    temperature: float
    gate: Gate | None
    """None where nothing is out of scope."""


def calibration_from(fields: dict[str, Any]) -> Calibration:
    """What `asdict` made of one."""
    return Calibration(fields["temperature"], Gate(**fields["gate"]) if fields["gate"] else None)


def probabilities(logits: Floats, calibration: Calibration) -> Floats:
    """A row per text, a column per intent, and a last one for null."""
    shares = softmax(logits / calibration.temperature, axis=1)
    if calibration.gate is None:
        return np.pad(shares, ((0, 0), (0, 1)))
    lead = _lead_of_null(entr(shares).sum(axis=1), calibration.gate)
    null = shares.max(axis=1) * np.exp(np.minimum(lead, 50))
    shares = np.column_stack([shares, null])
    return shares / shares.sum(axis=1, keepdims=True)


def calibrate(
    logits: Floats, right: NDArray[np.intp], out_of_scope_share: float, reject_share: float | None
) -> Calibration:
    """`right` is the column of each row's intent, or -1 where none is."""
    is_inside = right >= 0
    temperature = _fit_temperature(logits[is_inside], right[is_inside])
    doubts = entr(softmax(logits / temperature, axis=1)).sum(axis=1)
    inside, outside = doubts[is_inside], doubts[~is_inside]
    if len(inside) == 0 or (reject_share is None and len(outside) == 0):
        return Calibration(temperature, None)
    if reject_share is None:
        answered = doubts[logits.argmax(axis=1) == right]
        threshold = _best_threshold(answered, len(inside), outside, out_of_scope_share)
    else:
        threshold = float(np.quantile(inside, 1 - reject_share))
    return Calibration(temperature, Gate(threshold, _fit_sharpness(threshold, inside, outside, out_of_scope_share)))


def _fit_temperature(logits: Floats, right: NDArray[np.intp]) -> float:
    def cost(log_temperature: float) -> float:
        chances = log_softmax(logits / np.exp(log_temperature), axis=1)
        unusual = (log_temperature - np.log(USUAL_TEMPERATURE)) ** 2
        return float(unusual - np.take_along_axis(chances, right[:, None], axis=1).sum())

    return float(np.exp(minimize_scalar(cost, bounds=(np.log(0.05), np.log(5)), method="bounded").x))


def _best_threshold(answered: Floats, inside: int, outside: Floats, out_of_scope_share: float) -> float:
    """With which most answers are right; of equally good ones the middle. `answered` is of what is answered rightly.

    In scope and out of scope weigh as in use, not as in the examples: somebody chose how many to write.
    """
    candidates = np.unique(np.concatenate([answered, outside]))
    kept = np.searchsorted(np.sort(answered), candidates, side="right") / inside
    missed = np.searchsorted(np.sort(outside), candidates, side="right") / len(outside)
    score = (1 - out_of_scope_share) * kept + out_of_scope_share * (1 - missed)
    return float(np.median(candidates[score > score.max() - 1e-9]))


def _fit_sharpness(threshold: float, inside: Floats, outside: Floats, out_of_scope_share: float) -> float:
    """By the likelihood of null against the best intent."""

    def cost(log_sharpness: float) -> float:
        gate = Gate(threshold, np.exp(log_sharpness))
        # Keeps it finite where the two sides are cleanly apart, or one is not there.
        unusual = 0.01 * (log_sharpness - np.log(USUAL_SHARPNESS)) ** 2
        kept = (1 - out_of_scope_share) * np.logaddexp(0, _lead_of_null(inside, gate)).mean()
        caught = out_of_scope_share * np.logaddexp(0, -_lead_of_null(outside, gate)).mean() if len(outside) > 0 else 0
        return float(unusual + kept + caught)

    return float(np.exp(minimize_scalar(cost, bounds=(np.log(0.1), np.log(100)), method="bounded").x))


def _lead_of_null(doubts: Floats, gate: Gate) -> Floats:
    """By how much null is ahead of the best intent, in logits."""
    return gate.sharpness * (doubts - gate.threshold)
