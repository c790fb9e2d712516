"""The shapes of examples that the networks of the papers are made for."""

CIFAR = (32, 32, 3)
IMAGENET = (224, 224, 3)
