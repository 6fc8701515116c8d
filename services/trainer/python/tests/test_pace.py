import unittest

from wide_deep.pace import pace_keeper


def steps_done(steps: int, seconds_per_step: float, ends_at_seconds: float, first_step_seconds: float = 5) -> int:
    """How many steps a fit gets that begins at 0 and whose first step compiles."""
    now = 0.0
    steps_in_time = pace_keeper(ends_at_seconds, lambda: now)
    step = 0
    while step < steps:
        now += seconds_per_step if step > 0 else first_step_seconds
        step += 1
        steps = steps_in_time(step, steps)
    return step


class Pace(unittest.TestCase):
    def test_leaves_a_fit_alone_that_ends_in_time(self) -> None:
        self.assertEqual(steps_done(1000, 0.01, ends_at_seconds=16), 1000)

    def test_shortens_a_fit_to_what_fits_into_the_time(self) -> None:
        done = steps_done(1000, 0.1, ends_at_seconds=55)
        self.assertTrue(450 <= done <= 500, done)

    def test_ends_a_fit_soon_whose_time_is_over(self) -> None:
        self.assertEqual(steps_done(1000, 1, ends_at_seconds=1), 17)
