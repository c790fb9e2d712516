"""The word engine: an accelerator for networks of packed signs, pixels x outputs x lanes products a cycle.

layers.py reads an inference graph, whose norms graph/sign_tests.py makes tests of integers, tiles.py cuts weights into
words and counts cycles, shapes.py searches, parts.py knows what it takes, verilog.py and images.py write it.
"""
