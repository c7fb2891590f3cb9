"""Runs posesift commands in forked children, and ends them at a chosen file operation.

Started as a program of its own, with the worlds that commands work on, it imports everything and
paints these once, so that a command takes no longer than its work. Requests and answers are lines
of JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import fcntl
import functools
import gc
import hashlib
import importlib
import io
import json
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable

OPERATIONS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink")


class Trigger:
    """Does something to this process when it is about to touch its n-th file in a folder."""

    def __init__(self, root: str, at: int, how: str, target: str):
        self.root, self.at, self.how, self.target = root, at, how, target
        self.count, self.busy = 0, False
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple) -> None:
        if self.busy or not self._counts(event, arguments):
            return
        self.count += 1
        if self.count == self.at:
            self.busy = True
            self._act()
            self.busy = False

    def _counts(self, event: str, arguments: tuple) -> bool:
        if event == "open":
            writes = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            return bool(writes) and self._is_inside(arguments[0])
        return event in OPERATIONS and self._is_inside(arguments[0])

    def _is_inside(self, path: object) -> bool:
        named = isinstance(path, (str, bytes, os.PathLike))
        return named and os.path.abspath(os.fsdecode(path)).startswith(self.root)

    def _act(self) -> None:
        if self.how == "remove":
            shutil.rmtree(self.target, ignore_errors=True)
        elif self.how == "move":
            if os.path.isdir(self.target):
                os.rename(self.target, self.target + "-elsewhere")
        elif self.how != "nothing":
            os.kill(os.getpid(), getattr(signal, self.how))


def obey_permissions() -> None:
    """Let root, too, be kept out of read-only folders, by giving up that right of it."""
    if os.getuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    if libc.capget(header, data):
        raise OSError(ctypes.get_errno(), "capget")
    data[0] &= ~0b110  # of what is in effect: DAC_OVERRIDE and DAC_READ_SEARCH
    if libc.capset(header, data):
        raise OSError(ctypes.get_errno(), "capset")


def run(request: dict, report: int) -> int:
    """In the child: run one command; its exit code."""
    from posesift import cli

    os.chdir(request["root"])
    os.environ["POSESIFT_CACHE"] = os.path.join(request["root"], "cache")
    os.environ["DRAWS_ANEW"] = "1" if request["arguments"][0] == "report" else ""
    trigger = Trigger(request["root"], request["at"], request["how"], request["target"])
    if request["limit"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["limit"],) * 2)
    if request["obedient"]:
        obey_permissions()
    if request["seconds"] is not None:
        how = getattr(signal, request["how"])
        timer = threading.Timer(request["seconds"], os.kill, (os.getpid(), how))
        timer.daemon = True
        timer.start()
        trigger.at = -1
    try:
        return cli.main(request["arguments"])
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        found = {"operations": trigger.count, "modules": sorted(set(sys.modules) - loaded)}
        os.write(report, json.dumps(found).encode())


def pipe() -> tuple[int, int]:
    """A pipe that holds all that a command says: unlike a file, it is not limited in size."""
    ends = os.pipe()
    fcntl.fcntl(ends[1], getattr(fcntl, "F_SETPIPE_SZ", 1031), 1 << 20)
    return ends


def serve(request: dict) -> dict:
    """Fork, run, wait: what became of it."""
    said, told = pipe()
    read, write = pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(told, 2)
            code = run(request, write)
            sys.stderr.flush()
        finally:
            os._exit(code)
    os.close(told)
    os.close(write)
    _, status, used = os.wait4(child, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        waiting[child] = (said, read)
        return {"stopped": child}
    return ended(child, status, used, said, read)


def ended(child: int, status: int, used: resource.struct_rusage, *pipes: int) -> dict:
    """What a child that has ended said, and the modules that it needed, from now on loaded."""
    texts = []
    for end in pipes:
        with open(end, "rb") as file:
            texts.append(file.read().decode(errors="replace"))
    found = json.loads(texts[1] or "{}")
    for name in found.get("modules", ()):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
        loaded.add(name)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "operations": found.get("operations", 0),
        "said": texts[0],
        "pid": child,
        "seconds": used.ru_utime + used.ru_stime,
    }


def go_on(child: int) -> dict:
    """Wake a stopped child and wait for its end."""
    pipes = waiting.pop(child)
    os.kill(child, signal.SIGCONT)
    _, status, used = os.wait4(child, 0)
    return ended(child, status, used, *pipes)


def keep_pictures(folder: str) -> None:
    """Draw each picture of a page once: to draw the same again is most of what a command does.

    A picture is a function of what it shows, which the tests of the report ask. `report` draws
    all anew, as its papers need the figures themselves.
    """
    from posesift.report import theme

    styled = theme.styled

    def kept(draw: Callable) -> Callable:
        anew = styled(draw)

        @functools.wraps(draw)
        def picture(*args: object, **more: object) -> object:
            if os.environ.get("DRAWS_ANEW"):
                return anew(*args, **more)
            try:
                shown = pickle.dumps((draw.__module__, draw.__name__, args, more))
            except (AttributeError, pickle.PicklingError):  # a function among them
                return anew(*args, **more)
            path = os.path.join(folder, hashlib.sha256(shown).hexdigest())
            if os.path.exists(path):
                with open(path, "rb") as file:
                    return pickle.load(file)
            chart = anew(*args, **more)
            if isinstance(chart, theme.Chart):
                chart = dataclasses.replace(chart, draw=theme.Figure)
                with contextlib.suppress(OSError):  # where files may not be so long
                    part = f"{path}.{os.getpid()}"
                    with open(part, "wb") as file:
                        file.write(pickle.dumps(chart))
                    os.replace(part, path)
            return chart

        return picture

    theme.styled = kept  # before the modules of figures are imported


def warm_up(worlds: list[str]) -> None:
    """Score what commands work on here, so that no child paints it or compiles templates again.

    And fit in few steps: how well scorers are fitted is not what is tried here.
    """
    from posesift import cli
    from posesift.difficulty import scorers

    scorers.VAESettings = functools.partial(scorers.VAESettings, steps=50)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.environ["POSESIFT_CACHE"] = folder
        for number, world in enumerate(worlds):
            score = ("score", world, "--method", "pca", "--bins", "3")
            with contextlib.redirect_stderr(io.StringIO()):
                assert cli.main([*score, "--out", os.path.join(folder, str(number))]) == 0


waiting: dict[int, tuple[int, int]] = {}
loaded: set[str] = set()


def main() -> None:
    import torch

    signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells make & jobs ignore
    torch.set_num_threads(1)
    import matplotlib

    matplotlib.use("agg")
    import cv2

    import posesift.cli  # noqa: F401

    cv2.setNumThreads(1)
    pictures = tempfile.TemporaryDirectory()
    keep_pictures(pictures.name)
    warm_up(sys.argv[1:])
    loaded.update(sys.modules)
    gc.freeze()  # children need not look through what they inherit
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = go_on(request["go_on"]) if "go_on" in request else serve(request)
        print(json.dumps(answer), flush=True)
    pictures.cleanup()


if __name__ == "__main__":
    main()
