"""The clauses as they are written, a file each: the node, how the grammar's rules are read into it, how it is written.

Each file has in `RULES` the functions of its rules, called as the grammar calls them.
"""
