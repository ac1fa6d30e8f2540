"""The gradient of one MLP's loss by hand: the products that autograd makes, into memory that is there already."""

import torch
from torch import Tensor, nn

__all__ = ["ByHand"]

BACKWARD = {  # of an output's activation, from its value y: in place on the gradient g
    nn.Tanh: lambda g, y: torch.ops.aten.tanh_backward.grad_input(g, y, grad_input=g),
    nn.Sigmoid: lambda g, y: torch.ops.aten.sigmoid_backward.grad_input(g, y, grad_input=g),
    nn.Identity: lambda g, y: g,
}


class ByHand:
    """An MLP whose gradients are written to memory that it keeps: bit for bit those of autograd, without its costs."""

    def __init__(self, net: nn.Sequential):
        self.layers = [layer for layer in net if isinstance(layer, nn.Linear)]
        self.output = net[-1]
        self.values, self.slopes = [], []  # of each layer's units, for a batch
        for parameter in net.parameters():
            parameter.grad = torch.zeros_like(parameter)

    @torch.no_grad()
    def __call__(self, x: Tensor, target: Tensor) -> Tensor:
        """Writes the gradient of the mean squared error of f(x) to the parameters' `grad`; returns the error.

        Arguments:
            x: Inputs with shape (B, D).
            target: What they should be mapped to, likewise.
        """
        if not self.values or len(self.values[0]) != len(x):
            self.values = [x.new_empty(len(x), layer.out_features) for layer in self.layers]
            self.slopes = [torch.empty_like(values) for values in self.values]
        below = x
        for layer, values in zip(self.layers, self.values, strict=True):
            torch.addmm(layer.bias, below, layer.weight.t(), out=values)
            below = values.relu_() if layer is not self.layers[-1] else values
        y = self.output(below)
        slope = torch.sub(y, target, out=self.slopes[-1])
        error = slope.square().mean()
        BACKWARD[type(self.output)](slope.mul_(2 / slope.numel()), y)
        for i in range(len(self.layers) - 1, -1, -1):
            below = self.values[i - 1] if i else x
            torch.mm(slope.t(), below, out=self.layers[i].weight.grad)
            torch.sum(slope, 0, out=self.layers[i].bias.grad)
            if i:
                slope = torch.mm(slope, self.layers[i].weight, out=self.slopes[i - 1])
                torch.ops.aten.threshold_backward.grad_input(slope, below, 0, grad_input=slope)
        return error
