"""A small training on the command line, and what it prints for programs."""

import json

REFERENCE = ["--backend", "reference"]
SMALL = ["--data", "digits", "--limit", "120", "--hidden", "16", "--batch", "20", *REFERENCE]


def objects(text):
    return [json.loads(line) for line in text.splitlines()]
