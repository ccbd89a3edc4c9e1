#!/usr/bin/env python3
"""Loads the models of a folder with Keras 3 and compares their predictions with xtape's.

    mkdir models
    XTAPE_KERAS_MODELS=models build/release/tests/xtape_tests --test-case="*what holds for every layer*"
    python3 tests/keras/check_models.py models

Needs Keras 3 with any backend. Prints a line for each model that does not load or differs; exits 1 if there is one.
"""
import glob
import os
import sys

import keras
import numpy as np

failed = loaded = 0
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.keras"))):
    name = os.path.basename(path)[: -len(".keras")]
    data = np.load(path[: -len(".keras")] + ".npz")
    inputs = [data[f"in{i}"] for i in range(100) if f"in{i}" in data]
    wanted = [data[f"out{i}"] for i in range(100) if f"out{i}" in data]
    try:
        model = keras.models.load_model(path)
        outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        assert len(outputs) == len(wanted), f"{len(outputs)} outputs instead of {len(wanted)}"
        for got, want in zip(outputs, wanted):
            got = np.asarray(got)
            assert got.shape == want.shape, f"shape {got.shape} instead of {want.shape}"
            error = np.max(np.abs(got.astype("float64") - want) / (1 + np.abs(want))) if want.size else 0
            assert error < 1e-5, f"relative error {error:.2g}"
        loaded += 1
    except Exception as error:  # each model is a case of its own
        failed += 1
        print(f"{name}: {type(error).__name__}: {str(error).splitlines()[0][:300] if str(error) else ''}")
print(f"Keras {keras.__version__}: {loaded} of {loaded + failed} models load and predict the same")
sys.exit(failed > 0)
