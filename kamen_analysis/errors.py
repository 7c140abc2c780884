"""The errors a user may see: each has a clear one-line message and the exit code of the command line."""

from __future__ import annotations

import errno

INTERRUPTED = 130  # the exit code by which shells tell a process that its user ended


class KamenError(Exception):
    """Unusable arguments or input: the command line prints the message and exits with code 2."""

    exit_code = 2


class PublishRefused(KamenError):  # noqa: N818 - a refusal is a decision, not a fault
    """A check refused to let processed data or a report be written: exit code 3. The message never holds the offending value."""

    exit_code = 3


class TableError(KamenError):
    """A table does not meet its schema: exit code 3. The message lists every failure."""

    exit_code = 3


_SYSTEM = {
    errno.ENOSPC: "磁盘已满", errno.EACCES: "没有权限", errno.EPERM: "没有权限", errno.EROFS: "文件系统只读",
    errno.ENOENT: "文件或文件夹不存在", errno.EISDIR: "这是一个文件夹",
    errno.ENOTDIR: "路径中有一段不是文件夹", errno.EDQUOT: "配额已满", errno.EMFILE: "打开的文件过多",
    errno.EFBIG: "超过文件大小上限", errno.EIO: "读写出错",
}


def told(error: OSError) -> str:
    """Return the operating system's error as text, in Chinese for the common ones."""
    return _SYSTEM.get(error.errno or 0, error.strerror or type(error).__name__)
