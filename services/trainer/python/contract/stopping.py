"""SIGTERM asks a program to save its work and end with 75, within the grace period."""

import signal
import threading
from collections.abc import Callable


def stop_on_sigterm() -> Callable[[], bool]:
    """From now on SIGTERM ends nothing; what is returned tells whether it has come."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    return stopped.is_set
