"""The training-program contract (schemas/program.ts), in nothing but Python's own modules: copy it as it is."""
