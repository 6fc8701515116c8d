import tempfile
import unittest
from pathlib import Path

import numpy as np

from wide_deep.calibration import Calibration, Gate
from wide_deep.checkpoint import FILE_NAME, Place, read_checkpoint, write_checkpoint

ARRAYS = [np.arange(3, dtype=np.float32), np.array(7), np.zeros((2, 2))]


class Checkpoints(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_comes_back_as_it_was(self) -> None:
        for calibration in [None, Calibration(0.4, None), Calibration(0.4, Gate(1.0, 4.0))]:
            place = Place(3, 10, calibration)
            write_checkpoint(self.folder, "work", place, ARRAYS)
            stored = read_checkpoint(self.folder, "work")
            assert stored is not None
            self.assertEqual(stored[0], place)
            for one, other in zip(stored[1], ARRAYS, strict=True):
                np.testing.assert_array_equal(one, other)

    def test_of_other_work_damaged_or_not_there_is_none(self) -> None:
        self.assertIsNone(read_checkpoint(self.folder, "work"))
        write_checkpoint(self.folder, "other", Place(3, 10, None), ARRAYS)
        self.assertIsNone(read_checkpoint(self.folder, "work"))
        whole = (self.folder / FILE_NAME).read_bytes()
        for damaged in [b"", b"something else", whole[: len(whole) // 2], whole[:-1]]:
            (self.folder / FILE_NAME).write_bytes(damaged)
            self.assertIsNone(read_checkpoint(self.folder, "other"))
