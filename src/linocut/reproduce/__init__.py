"""What papers have published beside what linocut comes to: `linocut reproduce`, one file a paper.

A paper is a file with its figures, such as `wang2021.toml`, one that says which rows there are, such as `wang2021.py`,
and a line in `papers.py`. What rows are made of is shared: `memory.py`, `energy.py`, `trainings.py`.
"""
