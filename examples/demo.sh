#!/bin/sh
# What `make demo` runs, with linocut on the PATH: memory under three policies, training on the digits, a prediction.
set -eu

run=runs/demo
rm -rf "$run"

echo "Memory that training takes, under each policy:"
python - <<'PYTHON'
import linocut as lc
from linocut.plan.comparison import comparison

train, _ = lc.data.load("digits")
print(comparison(lc.models.mlp(train.shape, len(train.classes)), lc.Adam(), 100))
PYTHON

echo
linocut train --model mlp --data digits --policy lean --epochs 20 --schedule cosine --out "$run"

python - "$run/seven.png" <<'PYTHON'
import sys

import numpy as np
from PIL import Image

import linocut as lc

_, test = lc.data.load("digits")
images, labels = np.empty((len(test), *test.shape), np.uint8), np.empty(len(test), np.int32)
test.read(np.arange(len(test)), images, labels)
Image.fromarray(images[labels.tolist().index(7), :, :, 0]).save(sys.argv[1])
PYTHON

echo
echo "A handwritten seven, as a PNG:"
linocut predict "$run" "$run/seven.png"
