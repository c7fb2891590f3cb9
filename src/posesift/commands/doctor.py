"""``posesift doctor``: what is here, what is fast, what is missing and how to get it."""

from __future__ import annotations

import importlib.metadata
import math
import os
import platform
import shutil
from dataclasses import dataclass
from typing import Any

from posesift import storage
from posesift.commands.flags import table_text
from posesift.progress import say, say_json
from posesift.version import __version__

CORE = (
    "torch", "numpy", "scipy", "opencv-python-headless", "pyarrow", "lightning-fabric",
    "torchmetrics", "tyro", "msgspec", "PyYAML", "safetensors", "matplotlib", "jinja2", "rich",
)  # fmt: skip
BUSY = 0.5
"""Processes that wait for a core, on average over the last minute, from which on it matters."""


@dataclass(kw_only=True)
class Doctor:
    """Say what is installed, what training would run on, and what is missing."""

    json: bool = False
    """Print the findings as JSON."""

    def run(self) -> None:
        """Print the findings."""
        found = examine()
        if self.json:
            say_json(found)
            return
        rows = [[name, version or "missing"] for name, version in found["packages"].items()]
        say(table_text(rows, ["package", "version"]))
        machine = found["machine"]
        say(f"\nPython {machine['python']} on {machine['system']}, {machine['cores']} cores")
        say(f"Trains on: {found['runtime']['device']} in {found['runtime']['precision']}")
        for line in found["advice"]:
            say(f"- {line}")
        cache = found["cache"]
        say(f"Cache: {cache['folder']} ({storage.size_text(cache['bytes'])})")


def examine() -> dict[str, Any]:
    """Say what `posesift doctor --json` prints: packages, machine, runtime, cache, advice."""
    packages = {name: _version(name) for name in CORE}
    advice = [
        f"{name} is missing: pip install {name}" for name, found in packages.items() if not found
    ]
    runtime: dict[str, Any] = {"device": "unknown", "precision": "unknown"}
    if packages["torch"] and packages["lightning-fabric"]:
        try:
            from posesift.adaptation.training.bf16 import bf16_pays
            from posesift.adaptation.training.runtime import Runtime

            runtime = Runtime.resolve().describe()
            pays, why = bf16_pays(runtime["device"])
            advice.append(f"--precision auto is {'bf16' if pays else 'fp32'} here: {why}")
        except Exception as error:  # a broken installation is what this command is asked about
            advice.append(f"training cannot start here: {error!r}")
        if runtime["precision"] == "fp32":
            advice.append(
                "training in fp32 takes two to three times as long as on a CPU with AMX, or on a "
                "GPU; posesift demo --quick is the small demo"
            )
        if runtime["device"] == "cpu":
            advice.append("no GPU found; two trainings at once on one CPU slow each other down")
            advice.extend(_threads_advice(runtime["threads"]))
    folder = storage.cache_folder()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < 2e9:
        advice.append(f"only {storage.size_text(free)} free where the cache is: {folder}")
    return {
        "posesift": __version__,
        "packages": packages,
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(terse=True),
            "cores": os.cpu_count() or 1,
        },
        "runtime": runtime,
        "cache": {"folder": str(folder), "bytes": size, "free": free},
        "advice": advice,
    }


def _threads_advice(threads: int) -> list[str]:
    """Say what to give for ``--threads`` where other processes leave fewer cores than that.

    Threads share every operation out in equal parts and wait for the last, so one that has to
    wait for a core holds all of them up.
    """
    if not hasattr(os, "getloadavg"):  # Windows
        return []
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    free = max(1, math.floor(cores - load))
    if load < BUSY or free >= threads:
        return []
    return [
        f"this machine is busy (load {load:.1f} on {cores} cores): {threads} threads wait for one "
        f"another and are slower than {free} would be; use --threads {free}"
    ]


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
