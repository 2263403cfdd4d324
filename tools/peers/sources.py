"""Where the tests of a peer are: installed, in a folder that is given, or downloaded."""

import importlib.metadata
import importlib.util
import io
import shutil
import tarfile
import urllib.request
import zlib
from http.client import HTTPException
from pathlib import Path

from tools.peers.suites import Suite


class Lacking(Exception):
    """What a suite needs and has not."""


def version(suite: Suite) -> str:
    """The version that is installed, or the one that is known."""
    if suite.version:
        return suite.version
    try:
        return importlib.metadata.version(suite.package)
    except importlib.metadata.PackageNotFoundError as error:
        raise Lacking(f"{suite.package} is not installed") from error


def check_needs(suite: Suite) -> None:
    """Say which modules are missing."""
    missing = [pip for name, pip in suite.needs.items() if importlib.util.find_spec(name) is None]
    if missing:
        raise Lacking(f"pip install {' '.join(missing)}")


def root(suite: Suite, given: Path | None, downloads: Path) -> Path:
    """The root of the source, which is downloaded unless it is given or was so before."""
    if not suite.url:
        return downloads
    found = given or downloads / f"{suite.package}-{version(suite)}"
    if given is None and not complete(suite, found):
        download(suite, found)
    if not complete(suite, found):
        raise Lacking(f"{found} has not {' and '.join(suite.files)}")
    return found


def complete(suite: Suite, folder: Path) -> bool:
    return all((folder / file).is_file() for file in suite.files)


def download(suite: Suite, folder: Path) -> None:
    """Fetch the source of the version that is installed; the folder is there once all of it is."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    names = suite.files if "{file}" in suite.url else ("",)
    for name in names:
        url = suite.url.format(version=version(suite), file=name)
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                content = answer.read()
            if not name:
                unpack(content, part)
        except (OSError, HTTPException, tarfile.TarError, zlib.error, EOFError) as error:
            raise Lacking(f"{url} cannot be had ({error!r}); --source takes a folder") from error
        if name:
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).write_bytes(content)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def unpack(content: bytes, folder: Path) -> None:
    """Unpack an archive that has all in one folder."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = archive.getmembers()
        for member in members:
            member.name = member.name.partition("/")[2]
        archive.extractall(folder, [x for x in members if x.name], filter="data")
