"""`train`: examples in, model out.

rehearsal ─▶ calibration ─▶ final fit ─▶ model

The rehearsal leaves the held-out examples out, and the calibration is fitted on what it makes of them. The final fit
begins anew, learns from every example, and is the model. How long a fit lasts is the recipe's to say, and then the
model is a function of data, seed and recipe; it is shortened where the time budget does not suffice. Stopped by
SIGTERM, a training saves where it is and goes on there the next time.
"""

from dataclasses import asdict

import keras
import numpy as np
from numpy.typing import NDArray

from contract.ending import resumable
from contract.folders import Folders
from contract.report import log, report_progress
from wide_deep.calibration import Calibration, calibrate
from wide_deep.checkpoint import Place, read_checkpoint, write_checkpoint
from wide_deep.device import take_device
from wide_deep.features import BUCKETS, counts_of, inverse_frequencies, vectors_of
from wide_deep.fit import Lesson, new_network, restore, state_of, targets_of
from wide_deep.job import Job
from wide_deep.model_folder import Model, write_model
from wide_deep.network import Shape, logits_of
from wide_deep.split import held_out_of
from wide_deep.training import Stopped, Surroundings, beginning_of, proceed


def train(job: Job, folders: Folders, surroundings: Surroundings) -> None:
    recipe = job.recipe
    log(take_device(recipe.precision))
    held_out = held_out_of(job.examples)
    log(
        f"{len(held_out)} examples, {len(job.intents)} intents; {held_out.sum()} examples are held out of the rehearsal"
    )

    counts = counts_of([example.text for example in job.examples])
    frequencies = inverse_frequencies(counts)
    vectors, right = vectors_of(counts, frequencies), _columns_of(job)
    targets = targets_of(right, len(job.intents), recipe.label_smoothing)
    shape = Shape(BUCKETS, len(job.intents), recipe.embedding_size, recipe.hidden_size)
    network = new_network(shape, recipe, job.spec.seed)
    untrained = state_of(network)

    def fit(lesson: Lesson, calibration: Calibration | None, saved: Place | None) -> None:
        place = saved or beginning_of(lesson, recipe, calibration)
        try:
            proceed(network, lesson, recipe, job.spec.seed, place, surroundings)
        except Stopped as stopped:
            write_checkpoint(folders.checkpoint, job.digest, stopped.place, state_of(network))
            fit_in_hand = stopped.place.fit
            raise resumable(
                f"Stopped by SIGTERM in the {fit_in_hand}; saved in the checkpoint folder, to be resumed."
            ) from None

    saved = _resume(folders, job, network)
    calibration = saved.calibration if saved else None
    if calibration is None:
        fit(Lesson(vectors[~held_out], targets[~held_out]), None, saved)
        logits = logits_of(network, vectors[held_out])
        calibration = calibrate(logits, right[held_out], recipe.out_of_scope_share, recipe.reject_share)
        log(f"temperature {calibration.temperature:.2f}, fitted on {held_out.sum()} held-out examples")
        restore(network, untrained)
        saved = None
    fit(Lesson(vectors, targets), calibration, saved)

    model = Model(job.intents, calibration, frequencies, shape, network)
    write_model(folders.output, model, {"recipe": asdict(recipe), "examples": len(job.examples)})
    report_progress(1)


def _columns_of(job: Job) -> NDArray[np.intp]:
    """Per example the column of its intent, or -1 where it is out of scope."""
    column_of = {intent: column for column, intent in enumerate(job.intents)}
    return np.array([-1 if example.intent is None else column_of[example.intent] for example in job.examples])


def _resume(folders: Folders, job: Job, network: keras.Model) -> Place | None:
    checkpoint = read_checkpoint(folders.checkpoint, job.digest)
    if checkpoint is None:
        return None
    place, state = checkpoint
    restore(network, state)
    log(f"going on from the checkpoint: {place.fit}, step {place.step}")
    return place
