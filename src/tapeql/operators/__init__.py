"""What a plan does with rows: each operator a folder that answers for itself.

__init__.py   the operator: its fields, what it reads and adds, how it reads in EXPLAIN
kernel.py     `run` over the frames of one symbol, or `finish` over the whole result
sql.py        `lower`, where SQL says it well; without it a plan goes on here on the kernels
"""
