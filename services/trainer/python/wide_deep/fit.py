"""Fitting the network, step by step.

Everything drawn at random is a function of seed, stage and step, or of a state that the network's variables hold. So
the variables and the number of steps are all that a fit is: stored and loaded, it goes on as if it had never stopped.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from wide_deep.checkpoint import Arrays
from wide_deep.network import Shape, build_network
from wide_deep.recipe import Recipe


@dataclass(frozen=True)
class Lesson:
    """What to learn: a vector per example, and the probability that each intent is to be given."""

    vectors: csr_array
    targets: NDArray[np.float32]


def targets_of(right: NDArray[np.intp], intents: int, label_smoothing: float) -> NDArray[np.float32]:
    """`right` is the column of each example's intent, or -1: out of scope, every intent is as unlikely as any other."""
    targets = np.full((len(right), intents), 1 / intents, np.float32)
    inside = right >= 0
    targets[inside] *= label_smoothing
    targets[inside, right[inside]] += 1 - label_smoothing
    return targets


def new_network(shape: Shape, recipe: Recipe, seed: int) -> keras.Model:
    """Ready for its first step."""
    keras.utils.set_random_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
    network = build_network(shape, recipe.hidden_dropout)
    network.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    network.optimizer.build(network.trainable_variables)
    return network


def state_of(network: keras.Model) -> Arrays:
    """Weights, the optimizer's moments, and where the random numbers of dropout are."""
    # Copied: on a CPU some back ends give out the memory that the next step writes to.
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in _variables(network)]


def restore(network: keras.Model, state: Arrays) -> None:
    for variable, value in zip(_variables(network), state, strict=True):
        variable.assign(value)


def _variables(network: keras.Model) -> list[keras.Variable]:
    return [*network.variables, *network.optimizer.variables]


def steps_per_epoch(lesson: Lesson, recipe: Recipe) -> int:
    return math.ceil(len(lesson.targets) / recipe.batch_size)


def rate_at(step: int, steps: int, highest: float) -> float:
    """Warm-up over the first twentieth of the steps, then half a cosine down to nothing."""
    warm_up = steps / 20
    if step < warm_up:
        return highest * (step + 1) / (warm_up + 1)
    return highest * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1.0, steps - warm_up)))


def stepper(network: keras.Model, lesson: Lesson, recipe: Recipe, seed: tuple[int, ...]) -> Callable[[int, int], float]:
    """What it returns does one step of so many, and returns the mean loss of its batch."""
    per_epoch = steps_per_epoch(lesson, recipe)

    @lru_cache(maxsize=1)
    def batches_of(epoch: int) -> NDArray[np.intp]:
        order = np.random.default_rng([*seed, epoch]).permutation(len(lesson.targets))
        # The last batch is filled up from the front: compiled code is for one size.
        return np.resize(order, (per_epoch, recipe.batch_size))

    def do(step: int, steps: int) -> float:
        epoch, place = divmod(step, per_epoch)
        rows = batches_of(epoch)[place]
        grams = lesson.vectors[rows]
        kept = np.random.default_rng([*seed, step, 1]).random(grams.nnz) >= recipe.feature_dropout
        grams.data = grams.data * kept / np.float32(1 - recipe.feature_dropout)
        network.optimizer.learning_rate = rate_at(step, steps, recipe.learning_rate)
        return float(network.train_on_batch(grams.toarray(), lesson.targets[rows]))

    return do
