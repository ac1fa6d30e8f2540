"""What was chosen on training points alone, by the tables of the extended profile; tests hold the two together."""

__all__ = ["CHOSEN", "RECIPE"]

# notebook 08: each generator's one setting, and the sampling run of the kaleidoscope
CHOSEN = {
    "digits": {
        "kaleidoscope": 20, "PCA Gaussian": 20, "Gaussian mixture": 20, "kernel density": 0.4, "VAE": 0.3,
        "idempotent": 4, "walkback": 0.5,
    },
    "mnist5k": {
        "kaleidoscope": 20, "PCA Gaussian": 20, "Gaussian mixture": 20, "kernel density": 0.4, "VAE": 0.3,
        "idempotent": 4, "walkback": 0.5,
    },
}  # fmt: skip
RECIPE = ("He, noise 0.5", "kick 1, stopped")  # notebook 09: how to learn, and how to turn
