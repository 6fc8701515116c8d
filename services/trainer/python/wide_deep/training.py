"""One fit from where it is to its end, with progress, under a time budget, until it is asked to stop."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import keras

from contract.report import log, report_progress
from wide_deep.calibration import Calibration
from wide_deep.checkpoint import Place
from wide_deep.fit import Lesson, stepper, steps_per_epoch
from wide_deep.pace import pace_keeper
from wide_deep.recipe import Recipe

# The parts of the time budget by whose end each fit is to be over; the rest is for writing the model.
REHEARSAL_SHARE = 0.45
FINAL_SHARE = 0.9


class Stopped(Exception):
    """The training was asked to stop, and came as far as this."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.place = place


@dataclass(frozen=True)
class Surroundings:
    """What a training asks of the world around it."""

    should_stop: Callable[[], bool]
    elapsed_seconds: Callable[[], float]
    """Since the program was started."""
    budget_seconds: float


def beginning_of(lesson: Lesson, recipe: Recipe, calibration: Calibration | None) -> Place:
    return Place(0, recipe.epochs * steps_per_epoch(lesson, recipe), calibration)


def proceed(
    network: keras.Model, lesson: Lesson, recipe: Recipe, seed: int, place: Place, surroundings: Surroundings
) -> None:
    """Go on to the end, or raise `Stopped` where it was stopped before."""
    stage, share = (0, REHEARSAL_SHARE) if place.calibration is None else (1, FINAL_SHARE)
    do_step = stepper(network, lesson, recipe, (seed, stage))
    steps_in_time = pace_keeper(share * surroundings.budget_seconds, surroundings.elapsed_seconds)
    per_epoch = steps_per_epoch(lesson, recipe)
    while place.step < place.steps:
        if surroundings.should_stop():
            raise Stopped(place)
        loss = do_step(place.step, place.steps)
        place = replace(place, step=place.step + 1)
        steps = steps_in_time(place.step, place.steps)
        if steps < place.steps:
            log(
                f"The time budget of {surroundings.budget_seconds} s is too short for {place.steps} steps of the "
                f"{place.fit}: going on with {steps}."
            )
            place = replace(place, steps=steps)
        if place.step % per_epoch == 0:
            done = (stage + place.step / place.steps) / 2
            report_progress(done, fit=place.fit, epoch=place.step // per_epoch, loss=round(loss, 4))
