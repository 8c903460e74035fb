"""What is written: whole or not at all, never over somebody's file unasked, links followed and modes kept."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from typing import Sequence

from ..errors import UsageError


def refuse_existing(path: str, overwrite: bool) -> None:
    """Raises UsageError when nothing can be written there, or a file is there that may not be overwritten."""
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder.", "Give the name of a file.")
    if os.path.lexists(path) and not overwrite:
        raise UsageError(f"The file {path} exists already and was left as it is.", "Add --overwrite to replace it.")
    if os.path.exists(path) and not os.path.isfile(path):
        raise UsageError(f"{path} is no ordinary file and was left as it is.", "Give the name of a file.")
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise UsageError(f"The folder {folder} does not exist.", "Create it first.")


def write_text(path: str, text: str, overwrite: bool) -> None:
    """Writes the whole file or nothing: to a temporary file beside it, which then takes its name.

    A link is followed, and a file that is replaced keeps its mode.
    """
    refuse_existing(path, overwrite)
    target = os.path.realpath(path)
    temporary, claimed = "", False
    try:
        mode = stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else 0o666 & ~_umask()
        handle, temporary = tempfile.mkstemp(prefix=".amlnet-", dir=os.path.dirname(target))
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, mode)
        if overwrite or not _linked(temporary, target):
            if not overwrite:
                os.close(os.open(target, os.O_CREAT | os.O_EXCL))  # refuses a file that appeared in the meantime
                claimed = True
            os.replace(temporary, target)
    except BaseException as error:
        for left in filter(os.path.exists, (temporary, target if claimed else "")):
            os.unlink(left)
        if not isinstance(error, (OSError, ValueError)):
            raise
        raise UsageError(f"The file {path} cannot be written: {reason_of(error)}.", "Check the path.") from None


def refuse_folder(path: str) -> None:
    """Raises UsageError when no files can be written there, as it looks now."""
    if not os.path.isdir(path):
        if os.path.lexists(path.rstrip("/\\")):
            raise UsageError(
                f"{path} is no folder, and there are several files to write.", "Give the name of a folder."
            )
        refuse_existing(os.path.abspath(path), overwrite=True)


def write_files(folder: str, files: Sequence[tuple[str, str]], overwrite: bool) -> None:
    """Writes all files into a folder, which is made where there is none, or changes nothing."""
    refuse_folder(folder)
    kept: list[str] = []
    for name, _ in files if os.path.isdir(folder) else ():
        refuse_existing(os.path.join(folder, name), overwrite)
    try:
        with contextlib.ExitStack() as undo:
            if not os.path.isdir(folder):
                os.mkdir(folder)
                undo.callback(os.rmdir, folder)
            for name, text in files:
                target = os.path.realpath(os.path.join(folder, name))
                existed = os.path.exists(target)
                if existed:
                    kept.append(_beside(target))
                    shutil.copy2(target, kept[-1])
                    undo.callback(os.replace, kept[-1], target)
                write_text(target, text, overwrite and existed)
                if not existed:
                    undo.callback(os.unlink, target)
            undo.pop_all()
    except OSError as error:
        raise UsageError(f"The folder {folder} cannot be written: {reason_of(error)}.", "Check the path.") from None
    finally:
        for copy in filter(os.path.exists, kept):
            os.unlink(copy)


def _beside(target: str) -> str:
    """The name of a new file beside it, for a copy to go back to."""
    handle, copy = tempfile.mkstemp(prefix=".amlnet-", dir=os.path.dirname(target))
    os.close(handle)
    return copy


def _linked(temporary: str, target: str) -> bool:
    """Whether a file got its name at once, and nobody's file lost it; False where the file system has no links.

    Raises FileExistsError where somebody else's file has the name by now.
    """
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError, AttributeError):
        return False
    os.unlink(temporary)
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def reason_of(error: Exception) -> str:
    """What the system says of a failure, without its number."""
    return getattr(error, "strerror", None) or str(error)
