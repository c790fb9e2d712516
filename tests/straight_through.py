"""Signs in PyTorch with the gradients that straight-through estimators take them to have."""

import pytest

torch = pytest.importorskip("torch")


class ClippedSign(torch.autograd.Function):
    """Sign; its gradient passes where |x| <= 1."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * (x.abs() <= 1)


class Binarised(torch.autograd.Function):
    """Sign of a latent weight; its gradient passes everywhere."""

    @staticmethod
    def forward(ctx, w):
        return torch.where(w >= 0, 1.0, -1.0).to(w.dtype)

    @staticmethod
    def backward(ctx, gradient):
        return gradient
