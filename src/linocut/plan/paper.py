"""The paper's account of memory (Wang et al., arXiv 2102.04270): a model of what a training must keep.

Every variable is counted whole, without packing into words: the persistent ones of all layers, and of the
transient ones those of the largest layer. The paper counts a network with shortcuts by other rules than a chain.
"""

from __future__ import annotations

from linocut.compile.batch import check_norms, find_batch
from linocut.graph.network import Network
from linocut.optimizers import Optimizer
from linocut.plan.account import PAPER, Account
from linocut.plan.chains import chain_rows
from linocut.plan.counted import has_shortcuts
from linocut.plan.residuals import residual_rows
from linocut.policies import Policy


def paper_account(
    network: Network,
    policy: Policy,
    optimizer: Optimizer,
    batch: int,
    masks: str | None = None,
    later_edition: bool = False,
) -> Account:
    """The memory of a training step by the paper's model, in the formats of any policy.

    `masks` is another format for the pooling masks of a chain (chains.chain_rows). The paper's `later_edition` adds the
    masks of a residual network's max-pools to standard training; of chains both editions count them.
    SpecError for a batch that cannot be.
    """
    batch = find_batch(batch)
    check_norms(network.graph, batch)
    if has_shortcuts(network):
        rows = residual_rows(network, policy, optimizer, batch, later_edition)
    else:
        rows = chain_rows(network, policy, optimizer, batch, masks)
    found = tuple(row for row in rows if row.bytes)
    total = sum(row.bytes for row in found)
    return Account(network.name, policy.name, optimizer.kind, batch, PAPER, total, total, found)
