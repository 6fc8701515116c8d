"""How a program ends: its exit code, and one sentence on stderr when that is not 0."""

import sys
import traceback

BAD_INPUT = 10
RESUMABLE = 75
CRASHED = 1


class ProgramEnd(Exception):
    """Raised to end the program with a given exit code."""

    def __init__(self, exit_code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def bad_input(sentence: str) -> ProgramEnd:
    """The data or the spec is wrong: another try would end the same way. Never quotes the content of a dataset."""
    return ProgramEnd(BAD_INPUT, sentence)


def resumable(sentence: str) -> ProgramEnd:
    """Work is saved in the checkpoint folder; the next attempt goes on from there."""
    return ProgramEnd(RESUMABLE, sentence)


def exit_code_of(error: Exception) -> int:
    """Says on stderr what happened. Anything unforeseen is a crash, told with its stack for whoever mends it."""
    if isinstance(error, ProgramEnd):
        print(error, file=sys.stderr)
        return error.exit_code
    traceback.print_exception(error)
    return CRASHED
