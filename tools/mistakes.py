"""Mistakes in Python code: every place of a file that can be written otherwise, one at a time."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@dataclass(frozen=True)
class Mutant:
    """A file of the package, relative to the root, with one place of it written otherwise."""

    file: str
    line: int
    kind: str
    before: str
    after: str
    text: str


def places(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes inside of functions that say what is computed: no annotations, no messages."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            body = [s for i, s in enumerate(function.body) if i or not _is_text(s)]
            for statement in body:
                yield from _within(statement)


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _within(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
        return
    yield node
    if isinstance(node, ast.Raise | ast.JoinedStr):
        return
    for name, value in ast.iter_fields(node):
        if name != "annotation":
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _within(child)


def mistakes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What could be written instead of a node, with the kind of mistake."""
    match node:
        case ast.BinOp(op=ast.MatMult()):
            yield "operands swapped", _changed(node, left=node.right, right=node.left)
        case ast.BinOp() | ast.AugAssign() | ast.BoolOp() if type(node.op) in SWAPS:
            yield "operator", _changed(node, op=SWAPS[type(node.op)]())
        case ast.Compare(ops=[op]) if type(op) in SWAPS:
            yield "comparison", _changed(node, ops=[SWAPS[type(op)]()])
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            yield "sign", node.operand
        case ast.Constant(value=bool()):
            yield "constant", ast.Constant(not node.value)
        case ast.Constant(value=int() | float()):
            yield "constant", ast.Constant(node.value + 1)
        case ast.Return(value=ast.expr()) if ast.unparse(node.value) != "None":
            yield "returned value", ast.Return(ast.Constant(None))
        case ast.Call(args=[ast.expr() as a, ast.expr() as b, *rest]) if not any(
            isinstance(x, ast.Starred) for x in (a, b)
        ):
            yield "arguments swapped", _changed(node, args=[b, a, *rest])
        case ast.IfExp():
            yield "condition", _changed(node, body=node.orelse, orelse=node.body)
    if isinstance(node, ast.Raise | ast.AugAssign) or _is_effect(node):
        yield "statement left out", ast.Pass()


def _is_effect(node: ast.AST) -> bool:
    """Whether a statement acts on something that exists: a call, or an assignment to a part."""
    if isinstance(node, ast.Assign):
        return all(isinstance(t, ast.Attribute | ast.Subscript) for t in node.targets)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def _changed(node: ast.AST, **fields: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def mutants(path: Path) -> Iterator[Mutant]:
    """All mutants of a file, each the file's text with one place replaced."""
    text = path.read_text()
    data = text.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in places(ast.parse(text)):
        for kind, other in mistakes(node):
            first = starts[node.lineno - 1] + node.col_offset  # offsets count bytes
            end = starts[node.end_lineno - 1] + node.end_col_offset
            before, after = data[first:end].decode(), ast.unparse(other)
            if isinstance(other, ast.expr) and not isinstance(other, ast.Constant | ast.Name):
                after = f"({after})"
            whole = (data[:first] + after.encode() + data[end:]).decode()
            name = str(path.relative_to(ROOT))
            if " ".join(before.split()) != after:
                yield Mutant(name, node.lineno, kind, before, after, whole)
