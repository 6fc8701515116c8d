"""Keeping the time budget: a fit that would not end in time is given fewer steps."""

from collections.abc import Callable

# Room to spare after shortening, so that a little jitter doesn't shorten again and again.
SLACK = 0.95
# Often enough for a short budget, and too seldom for one slow step to be taken for the rule.
STEPS_BETWEEN_LOOKS = 16


def pace_keeper(ends_at_seconds: float, clock: Callable[[], float]) -> Callable[[int, int], int]:
    """To be asked after each step, with the steps done and those that the fit is to have: how many can it have?"""
    looked_at: list[tuple[int, float]] = []

    def steps_in_time(step: int, steps: int) -> int:
        # The first step compiles, and tells nothing of the next ones.
        if not looked_at:
            looked_at.append((step, clock()))
        first_step, first_seconds = looked_at[0]
        done = step - first_step
        if done == 0 or done % STEPS_BETWEEN_LOOKS != 0:
            return steps
        now = clock()
        affordable = max(0.0, ends_at_seconds - now) / ((now - first_seconds) / done)
        return steps if step + affordable >= steps else step + int(affordable * SLACK)

    return steps_in_time
