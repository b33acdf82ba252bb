"""This module is the changes that the mutation check makes: one place of a file at a time."""

import ast
from dataclasses import dataclass

OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
SWAPS = {
    "r_wire_row": "r_wire_col", "r_wire_col": "r_wire_row", "r_driver": "r_sense",
    "r_sense": "r_driver", "rows": "cols", "cols": "rows",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: the k-th place of a file at which a change is possible, and what it is in words."""

    room: str
    file: str
    place: int
    line: int
    change: str


class Mutator(ast.NodeTransformer):
    """Counts the places where a change is possible, and makes the one that is asked for."""

    def __init__(self, wanted: int = -1) -> None:
        self.wanted, self.changes = wanted, []

    def _offer(self, node: ast.AST, words: str) -> bool:
        self.changes.append((node.lineno, words))
        return len(self.changes) - 1 == self.wanted

    def _operator(self, node, name):  # noqa: ANN001, ANN202
        self.generic_visit(node)
        owner = getattr(node, name)
        old = owner[0] if isinstance(owner, list) else owner
        new = OPERATORS.get(type(old))
        words = f"{type(old).__name__} -> {new.__name__}" if new else ""
        if new and self._offer(node, f"{words} in {ast.unparse(node)[:70]}"):
            setattr(node, name, [new(), *owner[1:]] if isinstance(owner, list) else new())
        return node

    def visit_BinOp(self, node):  # noqa: ANN001, ANN201
        """Swap an arithmetic operator; unions of types are no arithmetic."""
        return node if isinstance(node.op, ast.BitOr) else self._operator(node, "op")

    def visit_Compare(self, node):  # noqa: ANN001, ANN201
        """Move a comparison by one."""
        return self._operator(node, "ops")

    def visit_BoolOp(self, node):  # noqa: ANN001, ANN201
        """Swap and with or."""
        return self._operator(node, "op")

    def visit_Constant(self, node):  # noqa: ANN001, ANN201
        """Move an integer by one: indices, axes, first and last segments."""
        if type(node.value) is int and abs(node.value) < 10:
            new = 1 - node.value if node.value in (0, 1) else node.value + 1
            if self._offer(node, f"{node.value} -> {new}"):
                return ast.copy_location(ast.Constant(new), node)
        return node

    def visit_UnaryOp(self, node):  # noqa: ANN001, ANN201
        """Drop a minus or an inversion."""
        self.generic_visit(node)
        drops = isinstance(node.op, ast.USub | ast.Invert | ast.Not)
        return (
            node.operand
            if drops and self._offer(node, f"drop in {ast.unparse(node)[:70]}")
            else node
        )

    def visit_Attribute(self, node):  # noqa: ANN001, ANN201
        """Swap rows with columns and drivers with sense resistors; drop a transpose."""
        self.generic_visit(node)
        if node.attr in SWAPS and self._offer(node, f"{node.attr} -> {SWAPS[node.attr]}"):
            node.attr = SWAPS[node.attr]
        elif node.attr in ("T", "mT") and self._offer(node, f"drop .{node.attr}"):
            return node.value
        return node

    def visit_FunctionDef(self, node):  # noqa: ANN001, ANN201
        """Change bodies and defaults only: annotations and decorators compute nothing."""
        node.body = [self.visit(part) for part in node.body]
        return node

    def visit_AnnAssign(self, node):  # noqa: ANN001, ANN201
        """Leave the fields of parameter types alone."""
        return node

    def visit_Raise(self, node):  # noqa: ANN001, ANN201
        """Leave messages alone."""
        return node

    visit_JoinedStr = visit_AnnAssign  # noqa: N815
