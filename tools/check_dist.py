"""Build the wheel and the sdist, and try the wheel where there is no checkout: ``make dist``.

Environments are made anew, away from the checkout: one with the newest versions of everything that
is depended on, for every Python that is found, and one with the lowest that ``pyproject.toml``
allows, for the oldest Python (many of them have no builds for a newer one). torch is of the version
in ``constraints.txt`` in all: an older one would be fetched with gigabytes of libraries for GPUs. A
Python for which even that version comes with them is left out, unless ``--cuda`` is given.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("python3.11", "python3.13")  # the oldest first
TOOLS = ("build", "twine", "check-wheel-contents")
EXAMPLE = "02_draw_by_difficulty.py"


def main() -> int:
    """Build, check, install and try; return 0 where all went well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--demo", action="store_true", help="run `posesift demo --quick` as well")
    parser.add_argument("--only", choices=["newest", "lowest"], help="one of the environments")
    parser.add_argument("--cuda", action="store_true", help="a torch of gigabytes is no hindrance")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="posesift-dist-") as folder:
        place = Path(folder)
        try:
            wheel = build(place)
            for name in PYTHONS:
                python = interpreter(name)
                if python is None:
                    say(f"SKIPPED {name}: no such interpreter here")
                elif not asked.cuda and brings_cuda(environment(python, place / name)):
                    say(f"SKIPPED {name}: {pinned_torch()} comes with libraries for GPUs; --cuda")
                else:
                    for versions in ("newest", "lowest")[: 2 if name == PYTHONS[0] else 1]:
                        if asked.only in (None, versions):
                            tried = place / f"{name}-{versions}"
                            attempt(wheel, python, versions, tried, demo=asked.demo)
                            shutil.rmtree(tried)
                            say(f"ok: {name}, {versions} versions")
        except subprocess.CalledProcessError as error:
            say(f"FAILED: {' '.join(map(str, error.cmd))}")
            return 1
    say(f"{wheel.parent}: all is well")
    return 0


def build(place: Path) -> Path:
    """Build both into ``dist/``, the wheel out of the sdist, and check them; return the wheel."""
    python = environment(sys.executable, place / "tools")
    run([python, "-m", "pip", "install", "-qq", *TOOLS], place)
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    run([python, "-m", "build", "--outdir", ROOT / "dist", ROOT], place)
    (wheel,), (sdist,) = ((ROOT / "dist").glob(pattern) for pattern in ("*.whl", "*.tar.gz"))
    run([python, "-m", "twine", "check", "--strict", wheel, sdist], place)
    run([python.parent / "check-wheel-contents", wheel], place)
    return wheel


def attempt(wheel: Path, python: str, versions: str, place: Path, *, demo: bool) -> None:
    """Install the wheel into an empty environment and use it, in a folder of its own."""
    inside = environment(python, place / "env")
    constraints = place / "constraints.txt"
    lines = [pinned_torch(), *(lowest() if versions == "lowest" else ())]
    constraints.write_text("\n".join(lines) + "\n")
    say(f"{versions} versions, with {lines[0]} of constraints.txt")
    run([inside, "-m", "pip", "install", "-qq", "-c", constraints, wheel], place)
    run([inside, "-m", "pip", "check"], place)
    shutil.copy(ROOT / "examples" / EXAMPLE, place)
    where = "import posesift, pathlib, sys; p = pathlib.Path(posesift.__file__); "
    run([inside, "-c", f"{where}assert p.is_relative_to(sys.prefix), p; print(p)"], place)
    command = inside.parent / "posesift"
    run([command, "doctor"], place)
    run([command, "score", "world:body,n=200", "--out", "scored"], place)
    run([inside, EXAMPLE], place)
    if demo:
        run([command, "demo", "--quick", "--out", "demo"], place)


def interpreter(name: str) -> str | None:
    """Return the path of an interpreter that runs; those of pyenv are looked at, too."""
    inside = sorted(Path.home().glob(f".pyenv/versions/*/bin/{name}"))
    for path in (shutil.which(name), *map(str, inside)):
        if path and not subprocess.run([path, "--version"], capture_output=True).returncode:
            return path
    return None


def brings_cuda(python: Path) -> bool:
    """Whether the torch that pip would install brings libraries for GPUs; nothing is fetched."""
    asked = ["install", "--dry-run", "--quiet", "--report", "-", pinned_torch()]
    told = subprocess.run(
        [python, "-m", "pip", *asked], capture_output=True, check=True, text=True, env=around()
    )
    found = [one["metadata"]["name"] for one in json.loads(told.stdout)["install"]]
    return any(name.startswith(("nvidia", "cuda")) for name in found)


def environment(python: str, place: Path) -> Path:
    """Make an empty environment; return its Python."""
    run([python, "-m", "venv", place], place.parent)
    return place / "bin" / "python"


def pinned_torch() -> str:
    """Return the line of torch in ``constraints.txt``."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return next(line for line in text.splitlines() if line.startswith("torch=="))


def lowest() -> list[str]:
    """Return the lowest versions that ``pyproject.toml`` allows, but for torch."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pairs = [re.fullmatch(r"([\w.-]+)>=([\w.]+)", line) for line in project["dependencies"]]
    assert all(pairs), "a dependency that is no NAME>=VERSION: teach tools/check_dist.py to read it"
    return [f"{pair[1]}=={pair[2]}" for pair in pairs if pair and pair[1] != "torch"]


def run(words: Sequence[object], place: Path) -> None:
    """Run a command in a folder, where the checkout is not found; its output is shown."""
    place.mkdir(parents=True, exist_ok=True)
    said = [str(word) for word in words]
    say("$ " + " ".join(said))
    began = time.monotonic()
    subprocess.run(said, cwd=place, env=around(), check=True)
    say(f"  {time.monotonic() - began:.0f} s")


def around() -> dict[str, str]:
    """Return the variables around a command, without those that would show it the checkout."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in hidden}


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
