"""The device of `pytest --device`: fields, points and tensors of tests are there unless they say.

That is a matter of defaults: of torch's, and of every function of the package whose default is the
processor. What a test makes elsewhere by name, or takes to NumPy as it is, is not for a device.
"""

import inspect
import pkgutil
from contextlib import ExitStack
from importlib import import_module
from types import FunctionType

import torch

import siren_pde
from siren_pde.solving.solve import solve
from tests.elsewhere import NAME, Elsewhere, elsewhere

FAKE = "fake"
"""The name of the device that is none (`tests/elsewhere.py`), to see that tests are fit for one."""
QUIET = ("siren_pde.__main__", "siren_pde.cli")
"""What is not imported for its defaults: commands have their own option."""


def functions():
    """Every function and method of the package that has keyword options."""
    for info in pkgutil.walk_packages(siren_pde.__path__, "siren_pde."):
        if info.name.startswith(QUIET):
            continue
        module = import_module(info.name)
        for value in vars(module).values():
            if getattr(value, "__module__", "") != info.name:
                continue
            members = vars(value).values() if inspect.isclass(value) else (value,)
            for each in members:
                function = getattr(each, "__func__", each)
                if isinstance(function, FunctionType) and function.__kwdefaults__:
                    yield function


def everything_on(device: str) -> ExitStack:
    """Make a device the default of torch and of the package, until the stack is closed."""
    stack = ExitStack()
    place = stack.enter_context(elsewhere()) if device == FAKE else device
    for function in functions():
        defaults = function.__kwdefaults__ or {}
        if defaults.get("device") == "cpu" or function is solve:
            defaults["device"] = place
            stack.callback(defaults.__setitem__, "device", None if function is solve else "cpu")
    torch.set_default_device(place)
    stack.callback(torch.set_default_device, None)
    return stack


def made(device: str) -> int:
    """How many tensors have been made on it so far."""
    if device in (FAKE, NAME):
        return Elsewhere.made
    return int(torch.cuda.memory_stats(device)["allocation.all.allocated"])
