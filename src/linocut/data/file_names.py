"""What the files and folders of named data sets are called: known without their readers, which few runs need."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CifarNames:
    """The folders in the archives of CIFAR's binary and Python versions; how many files a version has."""

    binary: str
    python: str
    files: int

    @property
    def keras(self) -> str:
        """Where Keras 3 unpacks the Python version."""
        return f"{self.python}-target"


CIFAR10 = CifarNames("cifar-10-batches-bin", "cifar-10-batches-py", 6)
CIFAR100 = CifarNames("cifar-100-binary", "cifar-100-python", 2)
SVHN_TRAIN, SVHN_TEST, SVHN_EXTRA = "train_32x32.mat", "test_32x32.mat", "extra_32x32.mat"
