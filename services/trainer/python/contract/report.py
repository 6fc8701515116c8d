"""What a program says on stdout: JSON with `progress` is progress, any other line is log."""

import json


def report_progress(done: float, **figures: float | str) -> None:
    """`done` from 0 to 1, with figures for whoever reads the log."""
    print(json.dumps({"progress": min(1.0, max(0.0, round(done, 4))), **figures}), flush=True)


def log(line: str) -> None:
    print(line, flush=True)
