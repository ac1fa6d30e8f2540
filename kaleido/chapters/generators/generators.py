"""Generators that the kaleidoscope is compared with, each written as its source has it, and as small as it."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from torch import Tensor, nn
from torch.nn import functional

from kaleido.data.sets import Dataset
from kaleido.networks.build import mlp, width_with_as_many
from kaleido.tools.seeds import generator

__all__ = ["GENERATORS", "Setting", "gaussian", "idempotent", "kernel_density", "mixture", "vae", "walkback"]

BATCH, RATE = 256, 1e-3
PIECES = 30  # principal components that mixtures are fitted in
IDEMPOTENT, TIGHT, CLAMP = 1.0, 0.125, 1.5  # weights of the losses, over that of reconstruction: 20, 20, 2.5
SLOW = 3e-4  # rate of the idempotent network; at 0.001 it forgets its input
WALKS = 3  # steps of a walk while learning to walk back


@dataclass(frozen=True)
class Setting:
    """What a network of a generator is: as deep and as wide as the kaleidoscope's, and trained for its cost.

    Arguments:
        depth: Hidden layers; an autoencoder has half of them on each side.
        width: Units of each.
        steps: Steps that a network could learn to copy for the same cost.
    """

    depth: int
    width: int
    steps: int


def gaussian(data: Dataset, n: int, seed: int, size: Setting, components: int = 20) -> Tensor:
    r"""Draws from a normal distribution fitted to principal components.

    .. math:: x = m + \sum_{k=1}^{K} \sqrt{\lambda_k}\, e_k v_k, \qquad e \sim N(0, I)

    with m the mean, v_k and lambda_k the first K eigenvectors and eigenvalues of the covariance of the training points.
    Samples of this and of every generator here are clipped to the data's bounds, or lie in them.

    Arguments:
        data: The data set, whose training points have shape (M, D); no other points are looked at.
        n: Number of samples.
        seed: Draws all that is random.
        size: What a network has, where the generator is one.
        components: K.

    Returns:
        Samples with shape (n, D), in the unit of the features.
    """
    fitted = PCA(min(components, *data.train.shape), svd_solver="full").fit(data.train.numpy())
    scores = torch.randn(n, fitted.n_components_, generator=generator(seed, "generator"))
    samples = fitted.inverse_transform((scores * torch.from_numpy(fitted.explained_variance_**0.5)).numpy())
    return torch.from_numpy(samples).float().clamp(*data.bounds)


def mixture(data: Dataset, n: int, seed: int, size: Setting, parts: int = 20) -> Tensor:
    r"""Draws from a mixture of normal distributions with full covariances, in 30 principal components.

    .. math:: p(x) = \sum_{k=1}^{K} w_k\, N(x; m_k, S_k)

    fitted by expectation-maximisation (scikit-learn's `GaussianMixture`). Arguments as of `gaussian`, and `parts`, K.
    """
    fitted = PCA(min(PIECES, *data.train.shape), svd_solver="full").fit(data.train.numpy())
    scores = fitted.transform(data.train.numpy()).astype(np.float64)
    found = GaussianMixture(parts, reg_covar=1e-3, random_state=seed).fit(scores)
    drawn = fitted.inverse_transform(found.sample(n)[0])
    order = torch.randperm(n, generator=generator(seed, "generator"))  # they come sorted by part
    return torch.from_numpy(drawn).float().clamp(*data.bounds)[order]


def kernel_density(data: Dataset, n: int, seed: int, size: Setting, bandwidth: float = 0.1) -> Tensor:
    r"""Draws from a kernel density: training points with normal noise of a standard deviation h, the bandwidth.

    .. math:: p(x) = \frac{1}{M} \sum_{i=1}^{M} N(x; x_i, h^2 I)

    Arguments as of `gaussian`, and `bandwidth`, h, in the unit of the features (scikit-learn's `KernelDensity`).
    """
    found = KernelDensity(bandwidth=bandwidth).fit(data.train.numpy())
    return torch.from_numpy(found.sample(n, random_state=seed)).float().clamp(*data.bounds)


def vae(data: Dataset, n: int, seed: int, size: Setting, latent: int = 16, beta: float = 0.01) -> Tensor:
    r"""Learns a variational autoencoder and draws from it.

    .. math:: \frac{1}{D} \lVert g(m(x) + s(x)\, e) - x \rVert^2
        + \frac{\beta}{D}\, \mathrm{KL}(N(m(x), s(x)^2) \,\Vert\, N(0, I)), \qquad e \sim N(0, I)

    which is the bound of Kingma and Welling (arXiv 1312.6114) for outputs of variance beta / 2, and its beta form
    (Higgins et al., 2017). Samples are the decoder's means g(e). Arguments as of `gaussian`, and `latent`, the
    dimension of e, and `beta`.
    """
    half = max(1, size.depth // 2)
    encoder = mlp(data.dim, half, size.width, "linear", "he", seed)
    encoder[-2] = nn.Linear(size.width, 2 * latent)  # its output: means and logarithms of variances
    decoder = mlp(data.dim, half, size.width, _output(data), "he", seed + 1)
    decoder[0] = nn.Linear(latent, size.width)
    random = generator(seed, "generator")
    for layer in (encoder[-2], decoder[0]):
        _he(layer, random)

    def loss(x: Tensor) -> Tensor:
        mean, log = encoder(x).chunk(2, dim=1)
        log = log.clamp(-10, 10)
        code = mean + (log / 2).exp() * torch.randn(mean.shape, generator=random)
        divergence = (mean.square() + log.exp() - 1 - log).sum(1).mean() / 2
        return functional.mse_loss(decoder(code), x) + beta * divergence / data.dim

    _train([encoder, decoder], loss, data, size.steps, seed)
    with torch.no_grad():
        return decoder(torch.randn(n, latent, generator=random))


def idempotent(data: Dataset, n: int, seed: int, size: Setting, depth: int = 4) -> Tensor:
    r"""Learns an idempotent generative network, f(f(z)) = f(z), of a depth and of as many parameters, and draws f(z).

    .. math:: |f(x) - x| + \lambda_i |\bar f(f(z)) - f(z)| + \lambda_t L_t, \qquad
        L_t = a L_r \tanh\!\left(\frac{-|f(\bar y) - \bar y|}{a L_r}\right), \quad \bar y = f(z)

    where a bar holds its argument constant, L_r is the first term, and z ~ N(0, I). Weights as in the source: 20, 20,
    2.5, and a = 1.5. Source: Shocher et al., arXiv 2311.01462. Arguments as of `gaussian`, and `depth`, f's.
    """
    width = width_with_as_many(data.dim, depth, size.depth, size.width)
    net = mlp(data.dim, depth, width, _output(data), "he", seed)
    random = generator(seed, "generator")

    def loss(x: Tensor) -> Tensor:
        frozen = copy.deepcopy(net).requires_grad_(False)
        z = torch.randn(x.shape, generator=random)
        copied = functional.l1_loss(net(x), x)
        y = net(z)
        still = functional.l1_loss(frozen(y), y)
        held = y.detach()
        far = functional.l1_loss(net(held), held)
        limit = CLAMP * copied.detach()
        return copied + IDEMPOTENT * still + TIGHT * limit * torch.tanh(-far / limit.clamp(min=1e-8))

    # a step costs about 8 / 3 of one of copying: three passes with gradient, one through the frozen copy
    _train([net], loss, data, size.steps * 3 // 10, seed, SLOW)
    with torch.no_grad():
        return net(torch.randn(n, data.dim, generator=random))


def walkback(data: Dataset, n: int, seed: int, size: Setting, noise: float = 0.5, runs: int = 20) -> Tensor:
    r"""Learns to walk back to the data and lets chains walk: a generalised denoising autoencoder.

    Each training point starts a walk of corruptions x + s e and reconstructions, and from every corrupted state the
    network learns the way back to the point. Samples are reconstructions after `runs` such steps from noise. Source:
    Bengio et al., arXiv 1305.6663. Arguments as of `gaussian`, and `noise`, s, in the unit of the features.
    """
    net = mlp(data.dim, size.depth, size.width, _output(data), "he", seed)
    random = generator(seed, "generator")

    def corrupted(x: Tensor) -> Tensor:
        return x + noise * torch.randn(x.shape, generator=random)

    def loss(x: Tensor) -> Tensor:
        total, state = 0.0, x
        for _ in range(WALKS):
            back = net(corrupted(state))
            total = total + functional.mse_loss(back, x)
            state = back.detach()
        return total

    _train([net], loss, data, size.steps // WALKS, seed)
    low, high = data.bounds
    x = low + (high - low) * torch.rand(n, data.dim, generator=random)
    with torch.no_grad():
        x = net(x)
        for _ in range(runs - 1):
            x = net(corrupted(x))
    return x


GENERATORS: dict[str, tuple[Callable[..., Tensor], str, tuple]] = {  # its one setting that is tuned, and the grid
    "PCA Gaussian": (gaussian, "components", (10, 20, 40, 60)),
    "Gaussian mixture": (mixture, "parts", (5, 10, 20, 40)),
    "kernel density": (kernel_density, "bandwidth", (0.1, 0.2, 0.4, 0.6, 0.8)),
    "VAE": (vae, "beta", (0.03, 0.1, 0.3, 1.0)),
    "idempotent": (idempotent, "depth", (2, 4, 10)),
    "walkback": (walkback, "noise", (0.25, 0.5, 1.0)),
}


def _output(data: Dataset) -> str:
    return {(-1.0, 1.0): "tanh", (0.0, 1.0): "sigmoid"}.get(tuple(map(float, data.bounds)), "linear")


def _he(layer: nn.Linear, random: torch.Generator) -> None:
    with torch.no_grad():
        layer.weight.normal_(0, (2 / layer.in_features) ** 0.5, generator=random)
        layer.bias.zero_()


def _train(nets: list[nn.Module], loss: Callable[[Tensor], Tensor], data: Dataset, steps: int, seed: int, rate=RATE):
    """Adam on random batches, as the kaleidoscope's networks learn."""
    random = generator(seed, "batches")
    optimiser = torch.optim.Adam([p for net in nets for p in net.parameters()], lr=rate, fused=True)
    for _ in range(steps):
        x = data.train[torch.randint(len(data.train), (BATCH,), generator=random)]
        optimiser.zero_grad()
        loss(x).backward()
        optimiser.step()
