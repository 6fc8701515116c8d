import unittest

import numpy as np
from scipy.special import entr, softmax

from wide_deep.calibration import USUAL_TEMPERATURE, Calibration, Gate, calibrate, probabilities

draw = np.random.default_rng(1)
LOGITS = draw.normal(size=(400, 5)) * draw.uniform(0, 3, size=(400, 1))


class Probabilities(unittest.TestCase):
    def test_null_is_the_likeliest_exactly_where_the_entropy_is_above_the_threshold(self) -> None:
        for threshold, sharpness in [(0.5, 0.1), (1.0, 4.0), (1.5, 100.0)]:
            shares = probabilities(LOGITS, Calibration(0.7, Gate(threshold, sharpness)))
            doubts = entr(softmax(LOGITS / 0.7, axis=1)).sum(axis=1)
            np.testing.assert_array_equal(shares.argmax(axis=1) == 5, doubts > threshold)
            np.testing.assert_allclose(shares.sum(axis=1), 1)

    def test_without_a_gate_null_is_impossible(self) -> None:
        self.assertEqual(probabilities(LOGITS, Calibration(1.0, None))[:, 5].max(), 0)


class Fitting(unittest.TestCase):
    def test_finds_the_temperature_that_answers_were_drawn_at(self) -> None:
        logits = np.repeat(LOGITS, 20, axis=0)
        drawn = [draw.choice(5, p=share) for share in softmax(logits / 1.6, axis=1)]
        self.assertAlmostEqual(calibrate(logits, np.array(drawn), 0.05, None).temperature, 1.6, delta=0.1)

    def test_stays_at_the_usual_without_examples(self) -> None:
        calibration = calibrate(np.zeros((0, 5)), np.zeros(0, np.intp), 0.05, None)
        self.assertAlmostEqual(calibration.temperature, USUAL_TEMPERATURE, delta=0.001)
        self.assertIsNone(calibration.gate)

    def test_separates_what_can_be_separated(self) -> None:
        sure, unsure = np.eye(5) * 4, np.ones((5, 5))
        calibration = calibrate(np.vstack([sure, unsure]), np.array([0, 1, 2, 3, 4, *[-1] * 5]), 0.05, None)
        answers = probabilities(np.vstack([sure, unsure]), calibration).argmax(axis=1)
        np.testing.assert_array_equal(answers, [0, 1, 2, 3, 4, *[5] * 5])

    def test_gives_up_the_share_that_it_may(self) -> None:
        calibration = calibrate(LOGITS, LOGITS.argmax(axis=1), 0.05, 0.1)
        nulls = probabilities(LOGITS, calibration).argmax(axis=1) == 5
        self.assertAlmostEqual(nulls.mean(), 0.1, delta=0.005)
