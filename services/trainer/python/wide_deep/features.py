"""Texts as sparse vectors over hashed n-grams: sublinear term frequency × inverse document frequency, of unit length.

N-grams are of words (1–2) and of characters (3–5, across words, so scripts without spaces need nothing of their own).
Each falls into one of a fixed number of buckets, so there is no vocabulary to keep, and no n-gram is unknown.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

BUCKETS = 8192
# What lies beyond is not read; no utterance is that long, and a pasted book must not stop a training.
READ_CHARACTERS = 5000

_words = re.compile(r"[\w']+|[^\w\s]")


def counts_of(texts: Sequence[str]) -> csr_array:
    """How often each bucket's n-grams occur in each text."""
    starts = [0]
    buckets: list[int] = []
    counts: list[int] = []
    for text in texts:
        counted = Counter(crc32(gram.encode("utf-8", "surrogatepass")) % BUCKETS for gram in _grams(text))
        buckets.extend(counted.keys())
        counts.extend(counted.values())
        starts.append(len(buckets))
    return csr_array((np.array(counts, np.float32), np.array(buckets, np.int32), starts), (len(texts), BUCKETS))


def inverse_frequencies(counts: csr_array) -> NDArray[np.float32]:
    """Per bucket, from the texts that hold it: what is rare tells more."""
    texts = counts.shape[0]
    texts_with = np.bincount(counts.indices, minlength=BUCKETS)
    return np.asarray(1 + np.log((1 + texts) / (1 + texts_with)), np.float32)


def vectors_of(counts: csr_array, weights: NDArray[np.float32]) -> csr_array:
    values = (1 + np.log(counts.data)) * weights[counts.indices]
    vectors = csr_array((values, counts.indices, counts.indptr), counts.shape)
    lengths = np.sqrt(vectors.multiply(vectors).sum(axis=1))
    # A text without n-grams stays a vector of nothing.
    return csr_array(vectors.multiply(1 / np.maximum(lengths, 1e-9)[:, None]))


def _grams(text: str) -> Iterator[str]:
    normalised = " ".join(unicodedata.normalize("NFC", text[:READ_CHARACTERS]).lower().split())
    if normalised == "":
        return
    words = ["", *_words.findall(normalised), ""]
    yield from words[1:-1]
    for first, second in pairwise(words):
        # With its space in front, no pair is ever one of the words or of the characters.
        yield f"\n{first} {second}"
    padded = f" {normalised} "
    for length in (3, 4, 5):
        for start in range(len(padded) - length + 1):
            yield f"\t{padded[start : start + length]}"
