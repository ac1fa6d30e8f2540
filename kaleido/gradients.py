"""Gradients of MLPs by hand: the products that autograd makes, into memory that is there already."""

import torch
from torch import Tensor, nn

__all__ = ["ByHand"]

BACKWARD = {  # of an output's activation, from its value y: in place on the gradient g
    nn.Tanh: lambda g, y: torch.ops.aten.tanh_backward.grad_input(g, y, grad_input=g),
    nn.Sigmoid: lambda g, y: torch.ops.aten.sigmoid_backward.grad_input(g, y, grad_input=g),
    nn.Identity: lambda g, y: g,
}


class ByHand:
    """MLPs of one shape whose gradients are written to memory that is kept: those of autograd, without its costs.

    Arguments:
        net: One of the MLPs; only its shape counts.
        weights: Its parameters by name, or those of several, stacked along a first axis. Their `grad` is made here.
        precision: `float32`, or `bf16`: the products are of bfloat16 numbers and rounded to such; weights, errors and
            Adam's sums stay in float32 (Micikevicius et al., arXiv 1710.03740; bfloat16 needs no scaling of the loss:
            Kalamkar et al., arXiv 1905.12322).
    """

    def __init__(self, net: nn.Sequential, weights: dict[str, Tensor], precision: str = "float32"):
        names = [name for name, layer in net.named_children() if isinstance(layer, nn.Linear)]
        self.layers = [(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in names]
        self.output = net[-1]
        self.short = precision == "bf16"
        self.values = []  # of each layer's units, for a batch
        for weight in weights.values():
            weight.grad = torch.zeros_like(weight)

    @torch.no_grad()
    def __call__(self, x: Tensor, target: Tensor) -> Tensor:
        """Writes the gradient of each network's mean squared error to the weights' `grad`; returns the errors.

        Arguments:
            x: Inputs with shape (B, D), or (networks, B, D).
            target: What they should be mapped to, likewise.
        """
        stacked = x.ndim == 3
        affine, product = (torch.baddbmm, torch.bmm) if stacked else (torch.addmm, torch.mm)
        if not self.values or self.values[0].shape[:-1] != x.shape[:-1]:
            self._reserve(x)
        if self.short:
            x = x.bfloat16()
            for layer, copy in zip(self.layers, self.copies, strict=True):
                for mine, its in zip(copy, layer, strict=True):
                    mine.copy_(its)
        below = x
        for (weight, bias), values in zip(self.copies, self.values, strict=True):
            affine(bias.unsqueeze(1) if stacked else bias, below, weight.mT, out=values)
            below = values.relu_() if values is not self.values[-1] else values
        y = self.output(below.float())
        slope = torch.sub(y, target, out=self.slope)
        errors = slope.square().mean((-2, -1))
        BACKWARD[type(self.output)](slope.mul_(2 / slope.shape[-2:].numel()), y)
        if self.short:
            slope = self.slopes[-1].copy_(slope)
        for i in range(len(self.layers) - 1, -1, -1):
            weight, bias = self.layers[i]
            below = self.values[i - 1] if i else x
            if stacked:  # as autograd has it: another order is another rounding
                grad = torch.bmm(below.mT, slope, out=self.grads[i]).mT
            else:
                grad = torch.mm(slope.mT, below, out=self.grads[i])
            if grad is not weight.grad:
                weight.grad.copy_(grad)
            torch.sum(slope, -2, dtype=torch.float32, out=bias.grad)
            if i:
                slope = product(slope, self.copies[i][0], out=self.slopes[i - 1])
                torch.ops.aten.threshold_backward.grad_input(slope, below, 0, grad_input=slope)
        return errors

    def _reserve(self, x: Tensor) -> None:
        dtype = torch.bfloat16 if self.short else x.dtype
        self.values = [x.new_empty(*x.shape[:-1], weight.shape[-2], dtype=dtype) for weight, _ in self.layers]
        self.slopes = [torch.empty_like(values) for values in self.values]
        self.slope = torch.empty_like(x) if self.short else self.slopes[-1]
        self.copies, self.grads = self.layers, [weight.grad for weight, _ in self.layers]
        if self.short:
            self.copies = [(weight.bfloat16(), bias.bfloat16()) for weight, bias in self.layers]
            self.grads = [torch.empty_like(weight) for weight, _ in self.copies]
        if x.ndim == 3:
            self.grads = [torch.empty_like(grad.mT, memory_format=torch.contiguous_format) for grad in self.grads]
