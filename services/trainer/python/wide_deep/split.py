"""Which examples are held out for calibration: about a tenth of each intent, and a third of the out-of-scope ones."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contract.rows import Example

INTENT_FOLDS = 10
OUT_OF_SCOPE_FOLDS = 3


def held_out_of(examples: Sequence[Example]) -> NDArray[np.bool_]:
    """Deals each intent's texts out in the order of their hashes, equal texts together; its only text is kept."""
    texts_of: dict[str | None, set[str]] = defaultdict(set)
    for example in examples:
        texts_of[example.intent].add(example.text)
    held_out: set[tuple[str | None, str]] = set()
    for at, intent in enumerate(sorted(texts_of, key=lambda intent: intent or "")):
        texts = sorted(texts_of[intent], key=_hash_of)
        if len(texts) > 1:
            folds = OUT_OF_SCOPE_FOLDS if intent is None else min(INTENT_FOLDS, len(texts))
            # Small intents begin at different folds, so that not all of them give a text, nor none.
            held_out.update((intent, text) for place, text in enumerate(texts) if (place + at) % folds == 0)
    return np.array([(example.intent, example.text) in held_out for example in examples])


def _hash_of(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
