"""Signs in PyTorch with the gradients that straight-through estimators take them to have."""

import pytest

torch = pytest.importorskip("torch")


class _Sign(torch.autograd.Function):  # type: ignore[name-defined]  # torch may not be here
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)


class ClippedSign(_Sign):
    """Sign; its gradient passes where |x| <= 1."""

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * (x.abs() <= 1)


class QuadraticSign(_Sign):
    """Sign; its gradient is that of 2x + x^2 below 0 and 2x - x^2 above, between -1 and 1."""

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        slope = torch.where(x < 0, 2 + 2 * x, 2 - 2 * x)
        return gradient * torch.where(x.abs() < 1, slope, torch.zeros_like(x))


class Binarised(torch.autograd.Function):  # type: ignore[name-defined]  # torch may not be here
    """Sign of a latent weight; its gradient passes everywhere."""

    @staticmethod
    def forward(ctx, w):
        return torch.where(w >= 0, 1.0, -1.0).to(w.dtype)

    @staticmethod
    def backward(ctx, gradient):
        return gradient
