"""Networks as pipelines on an FPGA: operators, what each takes, cuts and copies, searched exhaustively.

An engine (`engines.py`) makes a graph of operators of a network; graph, search and report know no kind of network.
"""
