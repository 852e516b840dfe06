"""Trains with `glidepath.keras.Schedule` on the backend of KERAS_BACKEND, and compares. `test_compiled.py` runs it."""

import doctest
from typing import Any

import keras
import numpy as np

import glidepath as gp
import glidepath.keras

S = gp.warmup_cosine(3e-4, 8, 0.5, end=3e-5)
ENDLESS = gp.inverse_sqrt(1.0, 10)
WANT = S.array(20, dtype="float32")
X, Y = np.ones((4, 2), dtype="float32"), np.ones((4, 1), dtype="float32")

# Its values.
lr = glidepath.keras.Schedule(S)
assert [float(lr(k)) for k in range(20)] == WANT.tolist()
assert float(lr(keras.ops.convert_to_tensor(7))) == WANT[7]
assert float(lr(-1)) == WANT[0]
endless = glidepath.keras.Schedule("inverse_sqrt(1.0, 10)", steps=30)
steps = [0, 7, 30, 31]
assert [float(endless(k)) for k in steps] == ENDLESS.gather(np.minimum(steps, 30), dtype="float32").tolist()

# Training: two updates an epoch.
rates = []


def note(_epoch: int, logs: Any = None) -> None:
    rates.append(float(model.optimizer.learning_rate))


model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.Adam(learning_rate=lr), "mse")
model.fit(X, Y, epochs=5, batch_size=2, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=note)])
assert rates == WANT[2:11:2].tolist(), rates

# A saved model.
model.save("model.keras")
again = keras.saving.load_model("model.keras")
config = again.optimizer.get_config()["learning_rate"]["config"]
assert config == {"schedule": S.to_json(), "steps": 8}
assert gp.Schedule(config["schedule"]) == S
assert float(again.optimizer.learning_rate) == WANT[10]

# What is refused.
REFUSED = [
    (
        ENDLESS,
        ("`Schedule.steps`: got None; this schedule has no end of its own (`schedule.steps` is None). "
         "Give the number of steps of your run."),
    ),
    (0.1, "`Schedule.schedule`: got 0.1; it must be a schedule. For a number `gp.constant(number)`."),
]  # fmt: skip
for wrong, message in REFUSED:
    try:
        glidepath.keras.Schedule(wrong)
    except (TypeError, ValueError) as error:
        found = str(error)
        assert found == message
    else:
        raise AssertionError(message)

tried = doctest.testmod(glidepath.keras)
assert (tried.failed, tried.attempted) == (0, 4), tried
print("as they should be:", keras.backend.backend())
