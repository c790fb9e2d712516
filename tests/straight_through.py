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


def levels(x, bits):
    """The nearest of 2**bits numbers in equal steps from -1 to 1, the even one of two; of one bit the sign."""
    if bits == 1:
        return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)
    steps = 2**bits - 1
    return 2 * (torch.round(steps * (x.clamp(-1, 1) + 1) / 2) / steps - 0.5)


class ClippedLevels(torch.autograd.Function):  # type: ignore[name-defined]  # torch may not be here
    """Levels; their gradient passes where |x| <= 1."""

    @staticmethod
    def forward(ctx, x, bits):
        ctx.save_for_backward(x)
        return levels(x, bits)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * (x.abs() <= 1), None
