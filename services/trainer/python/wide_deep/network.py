"""The network: logits = wide (n-grams straight to intents) + deep (an n-gram embedding, normalised, and a dense head).

A text comes in as a row of tf-idf values, one per bucket. Its product with a table is the weighted sum of its n-grams'
rows, which is what an embedding bag computes; as a dense product it is the operation that GPUs are best at.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Shape:
    buckets: int
    intents: int
    embedding_size: int
    hidden_size: int


def build_network(shape: Shape, hidden_dropout: float = 0.0) -> keras.Model:
    grams = keras.Input((shape.buckets,))
    # Logits are summed and compared in full precision, whatever the rest is computed in.
    wide = layers.Dense(shape.intents, use_bias=False, kernel_initializer="zeros", dtype="float32")(grams)
    embedded = layers.Dense(shape.embedding_size, use_bias=False)(grams)
    normalised = layers.LayerNormalization()(embedded)
    hidden = layers.Dense(shape.hidden_size, activation="relu")(normalised)
    hidden = layers.Dropout(hidden_dropout)(hidden)
    deep = layers.Dense(shape.intents, dtype="float32")(hidden)
    return keras.Model(grams, layers.Add(dtype="float32")([wide, deep]))


def logits_of(network: keras.Model, vectors: csr_array, batch_size: int = 256) -> NDArray[np.float32]:
    starts = range(0, vectors.shape[0], batch_size)
    batches = [network.predict_on_batch(vectors[start : start + batch_size].toarray()) for start in starts]
    return np.concatenate([np.zeros((0, network.output_shape[1]), np.float32), *batches])
