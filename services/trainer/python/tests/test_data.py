import unittest

import numpy as np

from contract.rows import Example
from wide_deep.features import counts_of, inverse_frequencies, vectors_of
from wide_deep.split import held_out_of


class Features(unittest.TestCase):
    def test_vectors_have_unit_length_or_none(self) -> None:
        counts = counts_of(["where is my suitcase", "スーツケースはどこ", "☀️", "\ud800", "", " \t"])
        vectors = vectors_of(counts, inverse_frequencies(counts)).toarray()
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 1, 0, 0], atol=1e-6)

    def test_case_white_space_and_composition_do_not_matter(self) -> None:
        one, other = counts_of(["Café  NOIR", " cafe\u0301 noir\n"]).toarray()
        np.testing.assert_array_equal(one, other)

    def test_buckets_stay_what_they_are(self) -> None:
        """A stored model depends on them."""
        self.assertEqual(sorted(counts_of(["a"]).indices), [1770, 2472, 3160, 7747])


class Split(unittest.TestCase):
    def test_holds_out_a_tenth_of_each_intent_and_a_third_of_what_is_out_of_scope(self) -> None:
        inside = [Example(f"{intent} {at}", intent) for intent in ("one", "two", "three") for at in range(100)]
        outside = [Example(f"none {at}", None) for at in range(90)]
        held_out = held_out_of([*inside, *outside])
        self.assertEqual([held_out[start : start + 100].sum() for start in (0, 100, 200)], [10, 10, 10])
        self.assertEqual(held_out[300:].sum(), 30)

    def test_keeps_equal_texts_together_whatever_their_order(self) -> None:
        examples = [Example(f"text {at % 30}", "intent") for at in range(90)]
        held_out = held_out_of(examples)
        np.testing.assert_array_equal(held_out, held_out_of(examples[::-1])[::-1])
        np.testing.assert_array_equal(held_out[:30], held_out[30:60])

    def test_keeps_the_only_text_of_an_intent(self) -> None:
        self.assertEqual(held_out_of([Example("a", "one"), Example("a", "one"), Example("b", "two")]).sum(), 0)
