"""The package's own imports, read from its source: functions and type checking included."""

import ast
from pathlib import Path

import siren_pde

PACKAGE = Path(siren_pde.__file__).parent


def module_name(file):
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports():
    """Which modules each module imports, anywhere in its text."""
    files = {module_name(file): file for file in PACKAGE.rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for name, file in files.items():
        graph[name] = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                wanted = [each if each in files else node.module for each in inner]
            else:
                continue
            graph[name] |= {each for each in wanted if each in files} - {name}
    return graph


def circles(graph):
    """Sets of modules that reach each other (Tarjan's strongly connected components)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    components: list[list[str]] = []

    def visit(name):
        numbers[name] = lowest[name] = len(numbers)
        stack.append(name)
        for other in graph[name]:
            if other not in numbers:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], numbers[other])
        if lowest[name] == numbers[name]:
            component: list[str] = []
            while name not in component:
                component.append(stack.pop())
            components.append(component)

    for name in graph:
        if name not in numbers:
            visit(name)
    return [sorted(component) for component in components if len(component) > 1]
