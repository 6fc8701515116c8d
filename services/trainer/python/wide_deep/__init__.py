"""`wide-deep` in Keras: hashed n-grams, once straight to logits and once through an embedding and a dense head."""
