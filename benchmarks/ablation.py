"""What each step from standard training to the paper's, and to lean and lean8, does to memory and to accuracy.

    python benchmarks/ablation.py [--data-dir DIR] [--model mlp] [--data mnist] [--epochs 8] [--seed 0] [--threads 2]
                                  [--augment NAME,...] [--limit N] [--memory binarynet] [--batch 100]

Memory is that of the network --memory with Adam, in the paper's account and of the arena. Accuracy is on the test data
after training --model with Adam 1e-3 and the cosine schedule; --epochs 0 leaves it out. The paper's last step, pooling
masks of 1 bit, changes its account alone: arenas keep 2 bits for each output of a pool under every policy.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import linocut as lc
from linocut.compile.lower import compile_network
from linocut.plan.paper import paper_account
from linocut.policies import Policy, lean, lean8, standard, wang2021
from linocut.sizes import show_size

ROLES = ("X", "Y", "dX", "dY", "W", "dW", "momenta", "beta", "statistics", "real")


def steps() -> Iterator[tuple[str, Policy, str | None]]:
    """What each row is called, its policy, and the format of pooling masks in the paper's account."""
    half = standard.replace(**dict.fromkeys(ROLES, "f16"))
    signs = half.replace(dW="bit")
    l1 = signs.replace(norm="l1")
    bits = l1.replace(X="bit")
    assert bits.replace(name=wang2021.name) == wang2021
    yield "standard", standard, None
    yield "f16 everywhere", half, None
    yield "+ 1-bit dW", signs, None
    yield "+ l1 norm", l1, None
    yield "+ 1-bit X", bits, "f16"
    yield "+ 1-bit masks (wang2021)", wang2021, None
    yield "lean", lean, None
    yield "lean8", lean8, None


def accuracy(policy: Policy, given: argparse.Namespace, known: dict[Policy, str]) -> str:
    """Test accuracy in percent; the same formats are trained once."""
    key = policy.replace(name="")
    if key not in known:
        train, test = lc.data.load(given.data, data_dir=given.data_dir)
        network = lc.models.build(given.model, input_shape=train.shape, classes=len(train.classes))
        settings = {"batch_size": 100, "seed": given.seed, "threads": given.threads, "augment": given.augment}
        trainer = lc.Trainer(network, policy, lc.Adam(1e-3), schedule="cosine", **settings)
        history = trainer.fit(lc.data.take(train, given.limit), given.epochs, test)
        known[key] = f"{history[-1].accuracy:.2%}"
    return known[key]


def main() -> None:
    """Parse the command line; print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir")
    parser.add_argument("--model", default="mlp", choices=lc.models.MODELS)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--augment")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--memory", default="binarynet", choices=lc.models.MODELS)
    parser.add_argument("--batch", type=int, default=100)
    given = parser.parse_args()
    trained = f"{given.model} on {given.data}, {given.epochs} epochs" if given.epochs else "not trained"
    print(f"| {given.memory}, adam, batch {given.batch} | the paper's account | the arena | {trained} |")
    print("| --- | --- | --- | --- |")
    network = lc.models.build(given.memory)
    known: dict[Policy, str] = {}
    for name, policy, masks in steps():
        paper = paper_account(network, policy, lc.Adam(), given.batch, masks).total_bytes
        arena = compile_network(network, policy, lc.Adam(), given.batch).program.arena_bytes
        found = accuracy(policy, given, known) if given.epochs else ""
        print(f"| {name} | {show_size(paper)} | {show_size(arena)} | {found} |", flush=True)


if __name__ == "__main__":
    main()
