"""Where packages run: the processor and the Python of the functions, as pip and Lambda name them.

Source: AWS Lambda developer guide, "Lambda runtimes": Python 3.12 and newer run on Amazon Linux
2023, whose glibc is 2.34. Older runtimes have 2.26, too old for the wheels that we need.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from packaging.markers import default_environment

ARCHITECTURES: Final = {"aarch64": "arm64", "x86_64": "x86_64"}
"""Lambda's name of each processor."""

PYTHONS: Final = ("3.13", "3.12", "3.14")
"""Runtimes that packages are made for; the first is the one that is taken."""

_OLDEST_GLIBC: Final = 17
_NEWEST_GLIBC: Final = 34


@dataclass(frozen=True)
class Target:
    """A processor and a Python.

    Attributes:
        architecture: `aarch64` or `x86_64`.
        python: major and minor version, for instance `3.13`.
    """

    architecture: str
    python: str = PYTHONS[0]

    @property
    def platforms(self) -> list[str]:
        """The wheels' platform tags that run there, the newest glibc first."""
        versions = range(_NEWEST_GLIBC, _OLDEST_GLIBC - 1, -1)
        return [
            *(f"manylinux_2_{minor}_{self.architecture}" for minor in versions),
            f"manylinux2014_{self.architecture}",
        ]

    @property
    def markers(self) -> dict[str, str]:
        """What environment markers of requirements say there."""
        return {
            **{name: str(value) for name, value in default_environment().items()},
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "platform_python_implementation": "CPython",
            "os_name": "posix",
            "sys_platform": "linux",
            "platform_system": "Linux",
            "platform_machine": self.architecture,
            "extra": "",
        }

    @property
    def is_ours(self) -> bool:
        """Whether its Python is the one that runs now, whose compiled files it can read."""
        return self.python == f"{sys.version_info[0]}.{sys.version_info[1]}"
