"""What is to be trained, read and checked before anything slow is loaded."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from contract.ending import bad_input
from contract.report import log
from contract.rows import Example, read_examples
from contract.spec import Spec, read_spec
from wide_deep.features import READ_CHARACTERS
from wide_deep.recipe import Recipe, recipe_for


@dataclass(frozen=True)
class Job:
    spec: Spec
    recipe: Recipe
    examples: list[Example]
    intents: list[str]
    """Those that have examples, sorted; out-of-scope is none of them."""
    digest: str
    """What a checkpoint must agree with to be gone on from."""


def read_job(input_folder: Path) -> Job:
    spec = read_spec(input_folder)
    examples = read_examples(input_folder, spec.intents)
    intents = sorted({example.intent for example in examples if example.intent is not None})
    if not intents:
        raise bad_input("train.jsonl holds only out-of-scope examples: give examples of two intents.")
    if len(intents) == 1:
        raise bad_input(
            "train.jsonl holds one intent only, so there is nothing to tell apart: give examples of another."
        )
    recipe = recipe_for(spec.hyperparameters, len(examples))
    _warn_of_long_texts(examples)
    return Job(spec, recipe, examples, intents, _digest_of(input_folder, spec, recipe))


def _warn_of_long_texts(examples: list[Example]) -> None:
    long = sum(len(example.text) > READ_CHARACTERS for example in examples)
    if long > 0:
        log(f"{long} texts are longer than {READ_CHARACTERS} characters: the rest of them is not read")


def _digest_of(input_folder: Path, spec: Spec, recipe: Recipe) -> str:
    digest = hashlib.sha256(repr((spec.seed, asdict(recipe))).encode())
    digest.update((input_folder / "train.jsonl").read_bytes())
    return digest.hexdigest()
