"""The training program: `python main.py train|predict`, by the training-program contract (schemas/program.ts)."""

import os
import sys
import tempfile
import time
from collections.abc import Sequence

from contract.ending import bad_input, exit_code_of
from contract.folders import Folders, folders_from
from contract.stopping import stop_on_sigterm


def run(words: Sequence[str]) -> None:
    if list(words) not in (["train"], ["predict"]):
        raise bad_input(
            f'This program was called with "{" ".join(words)}"; expected "train" or "predict": set the job type\'s '
            "command to the program alone, the runner adds train or predict."
        )
    folders = folders_from(os.environ)
    prepare_keras()
    if words[0] == "train":
        train(folders)
    else:
        predict(folders)


def prepare_keras() -> None:
    """Choose what Keras reads from the environment when it is loaded. Whatever is set there counts for more."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    # Its settings are this program's, not those of the user's home.
    os.environ.setdefault("KERAS_HOME", tempfile.gettempdir())
    # A GPU may be shared with other attempts: JAX would take three quarters of its memory, TensorFlow all of it.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def train(folders: Folders) -> None:
    started = time.monotonic()
    should_stop = stop_on_sigterm()
    from wide_deep.job import read_job

    job = read_job(folders.input)
    # Keras takes seconds to load: only once it is known that there is something to train.
    from wide_deep.train import train
    from wide_deep.training import Surroundings

    train(job, folders, Surroundings(should_stop, lambda: time.monotonic() - started, job.spec.time_budget_seconds))


def predict(folders: Folders) -> None:
    from wide_deep.predict import predict

    predict(folders)


if __name__ == "__main__":
    try:
        run(sys.argv[1:])
    except Exception as error:
        sys.exit(exit_code_of(error))
