"""A plain loop: the published procedure (arXiv 2402.11793) in PyTorch as one would first write it.

One network at a time, in float32, Adam as it comes, batches at random, a forward pass, a loss and a kick in every run.
"""

import torch
from torch import Tensor, nn


def network(dim: int, depth: int, width: int) -> nn.Sequential:
    """An MLP with ReLU hidden layers and a tanh output."""
    layers = [nn.Linear(dim, width), nn.ReLU()]
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, dim), nn.Tanh())


def learn(net: nn.Module, x: Tensor, steps: int, batch: int, lr: float) -> None:
    """Manifold learning: Adam on the mean squared error of random batches."""
    optimiser = torch.optim.Adam(net.parameters(), lr=lr)
    for _ in range(steps):
        target = x[torch.randint(len(x), (batch,))] if batch < len(x) else x
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(net(target), target)
        loss.backward()
        optimiser.step()


def sample(net: nn.Module, z: Tensor, runs: int, eps: float) -> tuple[list[Tensor], list[float]]:
    """Kaleidoscopic sampling: forward, loss and kick in every run; returns all states and losses."""
    states, losses = [z], []
    with torch.no_grad():
        for _ in range(runs):
            new = net(z)
            losses.append(nn.functional.mse_loss(new, z).item())
            z = (new + eps * (2 * torch.rand_like(new) - 1)).clamp(-1, 1)
            states.append(z)
    return states, losses
