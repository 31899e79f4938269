"""Which leaves add nothing: another leaf's matrices could do the work of theirs, too."""

from __future__ import annotations

from nastut.cells.cell import Cell, Node, children

_AS_IT_IS = Node("Add", "Identity")


def redundant_leaves(cell: Cell) -> list[int]:
    """Return the leaves whose matrices another leaf's could take over, in their order.

    W_1 x + W_3 x is (W_1 + W_3) x. So a sum, flattened over all the nodes that only add, needs
    one leaf that adds, whatever its other terms are. LSTM's 34 tokens have four leaves to spare:
    f is the sigmoid of a sum of two leaves, o of four.
    """
    redundant: list[int] = []

    def added_leaves(index: int) -> list[int]:
        """Return the leaves that add and are terms of the sum that goes on above this node."""
        below = [added_leaves(child) for child in children(index, cell.base)]
        if cell.nodes[index].combination != "Add":
            for leaves in below:
                redundant.extend(leaves[1:])
            return []
        leaves = [leaf for terms in below for leaf in terms] if below else [index]
        if _ends_a_sum(cell, index):
            redundant.extend(leaves[1:])
            return []
        return leaves

    redundant.extend(added_leaves(cell.root)[1:])
    return sorted(redundant)


def _ends_a_sum(cell: Cell, index: int) -> bool:
    """Tell whether a node's sum is bent, read as c_t, or changed before its parent adds it."""
    bent = cell.nodes[index].activation != "Identity"
    changed = index == cell.inject_index and cell.inject != _AS_IT_IS
    return bent or changed or index == cell.create_index
