"""Train a binary network on the digits inside the package, find which layers deserve bits, and spend 25 KiB on them."""

import linocut as lc

train, test = lc.data.load("digits")
network = lc.models.resnet(20, train.shape, len(train.classes), width=8, shortcut="binary")


def trainer(of: lc.Network) -> lc.Trainer:
    return lc.Trainer(of, optimizer=lc.Adam(3e-3), batch_size=50, schedule="cosine")


binary = trainer(network)
binary.fit(train, epochs=10, test=test)
analysis = lc.hybrid.analyse(binary, train, examples=500, choices=["2", "float"])
print("significant layers:", ", ".join(analysis.significant) or "none")

chosen = lc.hybrid.choice(network, analysis, "25KiB")
print("more bits:", chosen.point.raised, f"in {chosen.cost:,} bytes of {chosen.budget}")
hybrid = trainer(chosen.network)
hybrid.start_from(binary)
hybrid.fit(train, epochs=10, test=test)
print(f"binary {binary.evaluate(test).accuracy:.2%}, hybrid {hybrid.evaluate(test).accuracy:.2%}")
