"""What was chosen on training points alone, by the tables of the extended profile; tests hold the two together."""

__all__ = ["CHOSEN", "RECIPE"]

# notebook 08: each generator's one setting, and the sampling run of the kaleidoscope
CHOSEN = {
    "digits": {
        "kaleidoscope": 5, "PCA Gaussian": 10, "Gaussian mixture": 40, "kernel density": 0.4, "VAE": 0.3,
        "idempotent": 2, "walkback": 0.25,
    },
    "mnist5k": {
        "kaleidoscope": 10, "PCA Gaussian": 60, "Gaussian mixture": 40, "kernel density": 0.6, "VAE": 1.0,
        "idempotent": 2, "walkback": 0.25,
    },
}  # fmt: skip
RECIPE = ("He, noise 0.5", "damping 0.5, kick 1, stopped")  # notebook 09: how to learn, and how to turn
