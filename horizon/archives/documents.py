"""Files of folders and archives as named bytes, read safely: nothing is ever unpacked to the disk.

Links, devices, names that leave their folder and files beyond the caps are left out, with a line each. Knows no format
of games.
"""

import bz2
import gzip
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from horizon.core.errors import UsageError

_MOST_HEADER_BYTES = 2**20
_ZSTANDARD = 93
_ENCRYPTED = 1
_LOCAL_HEADER_BYTES = 30
_LONG_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
_ZIPS = (".zip", ".eval")
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_UNREADABLE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class Caps:
    """Most bytes of one file, beyond which it is left out unread, and of an archive, beyond which reading stops.

    No file of games comes near the first; a bomb that claims 10 GiB is still passed over, so that the games behind it
    go in.
    """

    file_bytes: int = 256 * 2**20
    archive_bytes: int = 32 * 2**30


CAPS = Caps()


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its name with the archive or folder that it is in, and its bytes."""

    name: str
    data: bytes

    @property
    def path(self) -> PurePosixPath:
        """The name as a path."""
        return PurePosixPath(self.name)

    def text(self) -> str:
        """Return the text: UTF-8, UTF-16 by its mark, else Latin-1, which reads any bytes."""
        for mark, encoding in _BOMS:
            if self.data.startswith(mark):
                return self.data.decode(encoding, "replace")
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError:
            return self.data.decode("latin-1")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was left out, and why, in one line."""

    where: str
    why: str

    def __str__(self) -> str:
        line = "".join(character if character.isprintable() else "?" for character in f"{self.where}: {self.why}")
        return line if len(line) <= 300 else line[:297] + "..."


def read_documents(path: Path, caps: Caps = CAPS) -> Iterator[Document | Problem]:
    """Yield the files of a folder (and of archives in it), of an archive, or the one file; hidden files are skipped.

    Memory: one file at a time.

    Raises
    ------
    UsageError
        There is no such file or folder.
    """
    if path.is_dir():
        yield from _of_folder(path, caps)
    elif path.is_file():
        yield from _of_file(path, path.name, caps)
    else:
        raise UsageError(f"{path} is no file or folder: give an archive, a folder or a file of games")


def _of_folder(folder: Path, caps: Caps) -> Iterator[Document | Problem]:
    for root, folders, files in os.walk(folder, followlinks=False):
        for name in sorted(folders):
            if (Path(root) / name).is_symlink():
                yield Problem(str(Path(root) / name), "is a link, which is not followed")
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(root) / name
            shown = path.relative_to(folder.parent if folder.name else folder).as_posix()
            try:
                is_file = stat.S_ISREG(path.lstat().st_mode)
            except OSError as problem:
                yield Problem(shown, f"can't be read: {problem.strerror}")
                continue
            if not is_file:
                yield Problem(shown, "is a link or device, which is not followed")
            elif not _is_hidden(name):
                yield from _of_file(path, shown, caps)


def _of_file(path: Path, name: str, caps: Caps) -> Iterator[Document | Problem]:
    lower = path.name.lower()
    try:
        if lower.endswith(_TARS):
            yield from _of_tar(path, name, caps)
        elif lower.endswith(_ZIPS):
            yield from _of_zip(path, name, caps)
        elif lower.endswith(_PACKED):
            with _open(path) as file:
                yield _cap(name.rpartition(".")[0], file.read(caps.file_bytes + 1), caps)
        elif path.stat().st_size > caps.file_bytes:
            yield Problem(name, f"is larger than {caps.file_bytes >> 20} MiB: split it")
        else:
            yield Document(name, path.read_bytes())
    except _UNREADABLE as problem:
        yield Problem(name, f"can't be read any further: {problem}")


def _open(path: Path) -> Any:
    """Return the file's bytes as a stream, unpacked by what its name ends with."""
    lower = path.name.lower()
    if lower.endswith((".gz", ".tgz")):
        return gzip.open(path)
    if lower.endswith(".bz2"):
        return bz2.open(path)
    if lower.endswith(".xz"):
        return lzma.open(path)
    if lower.endswith(".zst"):
        return pa.input_stream(str(path), compression="zstd")
    return path.open("rb")


class _Member(tarfile.TarInfo):
    """A member whose long headers are refused when they are too long to be names: tarfile reads those into memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type in _LONG_HEADERS and self.size > _MOST_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        return super()._proc_member(archive)  # type: ignore[misc]


def _of_tar(path: Path, name: str, caps: Caps) -> Iterator[Document | Problem]:
    unpacked = 0
    with _open(path) as stream, tarfile.open(fileobj=stream, mode="r|", tarinfo=_Member) as archive:
        for member in archive:
            where = f"{name}/{member.name}"
            unpacked += member.size
            if unpacked > caps.archive_bytes:
                yield Problem(name, f"unpacks to more than {caps.archive_bytes >> 20} MiB: the rest is not read")
                return
            if member.isdir() or _is_hidden(member.name):
                continue
            refused = _reason_to_refuse(member.name)
            if not member.isreg():
                refused = "is a link or device, which is not followed"
            elif not refused and member.size > caps.file_bytes:
                refused = f"is larger than {caps.file_bytes >> 20} MiB"
            if refused:
                yield Problem(where, refused)
                continue
            file = archive.extractfile(member)
            if file is not None:
                yield Document(where, file.read())


def _of_zip(path: Path, name: str, caps: Caps) -> Iterator[Document | Problem]:
    unpacked = 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            where = f"{name}/{member.filename}"
            if member.is_dir() or _is_hidden(member.filename):
                continue
            refused = _reason_to_refuse(member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                refused = "is a link, which is not followed"
            elif not refused and member.file_size > caps.file_bytes:
                refused = f"is larger than {caps.file_bytes >> 20} MiB"
            if refused:
                yield Problem(where, refused)
                continue
            try:
                # The size that the directory gives can be false.
                document = _cap(where, _member_bytes(path, archive, member, caps.file_bytes + 1), caps)
            except (*_UNREADABLE, RuntimeError, NotImplementedError) as problem:
                document = Problem(where, f"can't be unpacked: {problem}")
            yield document
            unpacked += len(document.data) if isinstance(document, Document) else caps.file_bytes
            if unpacked > caps.archive_bytes:
                yield Problem(name, f"unpacks to more than {caps.archive_bytes >> 20} MiB: the rest is not read")
                return


def _member_bytes(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """Return the first bytes of a member; of Zstandard too, which Inspect's logs have and `zipfile` does not unpack.

    Source: APPNOTE.TXT 6.3.10, sections 4.3.7 (local file header: 30 bytes, then name and extra field) and 4.4.5.
    """
    if member.compress_type != _ZSTANDARD or member.flag_bits & _ENCRYPTED:
        with archive.open(member) as file:
            return file.read(most)
    if member.compress_size > most:
        raise ValueError(f"is larger than {most >> 20} MiB packed")
    with path.open("rb") as packed:
        packed.seek(member.header_offset)
        header = packed.read(_LOCAL_HEADER_BYTES)
        if len(header) < _LOCAL_HEADER_BYTES or not header.startswith(b"PK\x03\x04"):
            raise zipfile.BadZipFile("no header at the place that its directory gives")
        packed.seek(sum(struct.unpack("<HH", header[26:30])), os.SEEK_CUR)
        stream = pa.CompressedInputStream(pa.BufferReader(packed.read(member.compress_size)), "zstd")
        data: bytes = stream.read(most)
    if len(data) < most and zlib.crc32(data) != member.CRC:
        raise zipfile.BadZipFile("its checksum does not fit")
    return data


def _cap(name: str, data: bytes, caps: Caps) -> Document | Problem:
    if len(data) > caps.file_bytes:
        return Problem(name, f"is larger than {caps.file_bytes >> 20} MiB")
    return Document(name, data)


def _reason_to_refuse(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\x00" in name:
        return "has a name that leaves the archive"
    return ""


def _is_hidden(name: str) -> bool:
    """Return whether a file is hidden, as the copies of attributes that macOS writes are."""
    return PurePosixPath(name).name.startswith(".")
