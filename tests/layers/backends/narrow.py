"""What every backend is asked in 16 bits: to stay near what it says in 64."""

from differentiate import differentiated
from keras import ops
from made import B, M, T, networks, numbers

NETWORKS = ("RNN of lstm_layer_norm", "lru with outputs", "mingru", "block")


def narrow(answers):
    """Outputs and gradients in 64 bits and in each policy that computes in 16."""
    x = numbers(B, T, M)
    x[::2, 6:] = 0  # these sequences end early
    for policy in ("float64", "mixed_float16", "mixed_bfloat16"):
        for name, model in networks(policy):
            if name not in NETWORKS:
                continue
            run = differentiated(lambda x, model=model: [ops.cast(model(x), "float64")], model)
            for kind, found in zip(("output", "by argument", "by weight"), run([x]), strict=True):
                for number, a in enumerate(found):
                    answers[f"{policy}: {name}, {kind} {number}"] = a.astype("float64")
