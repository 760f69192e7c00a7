"""A request's body: read within its bounds, decoded into the operation's type.

Owns the limits on bytes and seconds, JSON, and multipart forms (RFC 7578), whose files go to bounded
temporary files as they come, never into memory whole. A body over the limit is read and thrown away up to a
bound, so that its sender gets to read the 413 (RFC 9112, section 9.6). Fails with a `ProblemError` that
names the field; what came is closed and deleted then.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, NamedTuple

import msgspec
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from autodmca_service.http.operations import FileField, Limits, Operation, Upload
from autodmca_service.http.problems import ProblemError, invalid, misshapen
from autodmca_service.http.spool import Spool

MAX_DISCARDED_BYTES: Final = 64 * 1024 * 1024
MAX_FIELD_BYTES: Final = 1024 * 1024
"""Of a form's field that is no file: it is kept in memory."""
_CHUNK_BYTES: Final = 256 * 1024
_JSON: Final = re.compile(r"application/(?:[\w.+-]+\+)?json\s*(?:;|$)", re.IGNORECASE)
_FORM: Final = re.compile(r"multipart/form-data\s*;", re.IGNORECASE)


class Body(NamedTuple):
    """What came: the operation's own type, and the files by the names of their fields."""

    value: Any
    files: Mapping[str, tuple[Upload, ...]]
    name: bytes = b""
    """JSON that tells this body from others: of a file, a digest; of a form, only where it was asked for."""


class BodyReader:
    """Reads the bodies of one operation; `spool` has the room for those that are forms."""

    def __init__(self, operation: Operation, spool: Spool) -> None:
        self._limits = operation.limits
        self._spool = spool
        self._type = operation.request
        self._files = {each.name: each for each in operation.files}
        self._decode = None if operation.request is None else msgspec.json.Decoder(operation.request).decode
        self._fields = 0 if operation.request is None else len(msgspec.structs.fields(operation.request))

    async def read(self, request: Request, stack: AsyncExitStack, *, named: bool) -> Body:
        """The body; its files are open until `stack` ends. Raises ProblemError and ClientDisconnect."""
        if self._decode is None and not self._files:
            return Body(None, {})
        if not self._files:
            data = await whole_body(request, self._limits)
            return Body(self._json(request, data), {}, data)
        stack.enter_context(self._spool.room(_size(request, self._limits)))
        async with _in_time(self._limits):
            body, texts = await self._form(request, _bounded(request, self._limits), stack)
        return body._replace(name=await _name(texts, body.files)) if named else body

    async def passed_on(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The body as it comes, within its bounds, for whoever reads it elsewhere. Raises as `read`."""
        chunks = _bounded(request, self._limits)
        until = asyncio.get_running_loop().time() + self._limits.body_s
        while True:
            try:  # only what its sender takes counts, and not what its reader does
                async with asyncio.timeout_at(until):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise _too_slow(self._limits) from None
            yield chunk

    def _json(self, request: Request, data: bytes) -> Any:
        content_type = request.headers.get("content-type")
        if data and content_type is not None and not _JSON.match(content_type):
            raise ProblemError(415, "not-json", "the body must be application/json")
        assert self._decode is not None
        try:
            return self._decode(data or b"{}")
        except msgspec.ValidationError as error:
            raise misshapen(error) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ProblemError(400, "malformed-json", f"the body is no JSON: {error}"[:300]) from error

    async def _form(
        self, request: Request, stream: AsyncGenerator[bytes, None], stack: AsyncExitStack
    ) -> tuple[Body, Mapping[str, str]]:
        if not _FORM.match(request.headers.get("content-type", "")):
            raise ProblemError(415, "not-a-form", "the body must be multipart/form-data")
        most = sum(each.many for each in self._files.values())
        parser = MultiPartParser(
            request.headers, stream, max_files=most, max_fields=self._fields, max_part_size=MAX_FIELD_BYTES
        )
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise ProblemError(
                400, "malformed-form", f"the body is no form: {error.message}"[:300]
            ) from error
        stack.push_async_callback(form.close)
        texts: dict[str, str] = {}
        files: dict[str, list[Upload]] = {}
        for name, part in form.multi_items():
            if isinstance(part, UploadFile):
                files.setdefault(name, []).append(self._upload(name, part))
            elif name in texts:
                raise invalid(name, "comes twice")
            else:
                texts[name] = part
        for field in self._files.values():
            count = len(files.get(field.name, ()))
            if field.required and not count:
                raise invalid(field.name, "the file is missing")
            if count > field.many:
                raise invalid(field.name, f"{field.many} at most")
        return Body(self._fields_of(texts), {name: tuple(each) for name, each in files.items()}), texts

    def _upload(self, name: str, part: UploadFile) -> Upload:
        field: FileField | None = self._files.get(name)
        if field is None:
            raise invalid(name, "this form has no such file")
        media_type = (part.content_type or "").partition(";")[0].strip().lower()
        if field.media_types and media_type not in field.media_types:
            raise ProblemError(415, "media-type", f"{name}: one of {', '.join(field.media_types)}")
        return Upload(part.filename or "", media_type, part.size or 0, part.file)

    def _fields_of(self, texts: Mapping[str, str]) -> Any:
        if self._type is None:
            for name in texts:
                raise invalid(name, "this form has no such field")
            return None
        try:
            return msgspec.convert(texts, self._type, strict=False)
        except msgspec.ValidationError as error:
            raise misshapen(error) from error


async def whole_body(request: Request, limits: Limits) -> bytes:
    """The body within its bounds. Raises ProblemError (408, 413) and ClientDisconnect."""
    async with _in_time(limits):
        return b"".join([chunk async for chunk in _bounded(request, limits)])


@asynccontextmanager
async def _in_time(limits: Limits) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(limits.body_s):
            yield
    except TimeoutError:
        raise _too_slow(limits) from None


async def _name(texts: Mapping[str, str], files: Mapping[str, tuple[Upload, ...]]) -> bytes:
    """The fields, and of each file what it is called and a digest of what is in it."""
    named = {
        field: [await asyncio.to_thread(_named, upload) for upload in uploads]
        for field, uploads in files.items()
    }
    return msgspec.json.encode([texts, named])


def _named(upload: Upload) -> tuple[str, ...]:
    digest = hashlib.sha256()
    while chunk := upload.file.read(_CHUNK_BYTES):
        digest.update(chunk)
    upload.file.seek(0)
    return upload.filename, upload.media_type, digest.hexdigest()


async def _bounded(request: Request, limits: Limits) -> AsyncGenerator[bytes, None]:
    """The body's chunks; raises the problem 413 once all of a larger one, or enough, was thrown away."""
    announced = request.headers.get("content-length", "0")
    most = max(MAX_DISCARDED_BYTES, limits.body_bytes)
    if len(announced) > 15 or int(announced) > most:
        raise _too_large(limits, {"connection": "close"})
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= limits.body_bytes:
            yield chunk
        elif length > most:
            raise _too_large(limits, {"connection": "close"})
    if length > limits.body_bytes:
        raise _too_large(limits, {})


def _size(request: Request, limits: Limits) -> int:
    """Bytes of a body as far as they are announced and allowed: more are never kept."""
    announced = request.headers.get("content-length", "")
    return min(int(announced), limits.body_bytes) if announced.isdecimal() else limits.body_bytes


def _too_slow(limits: Limits) -> ProblemError:
    detail = f"the body took over {limits.body_s:g} seconds"
    return ProblemError(408, "too-slow", detail, headers={"connection": "close"})


def _too_large(limits: Limits, headers: Mapping[str, str]) -> ProblemError:
    return ProblemError(
        413, "too-large", f"a request has {limits.body_bytes:,} bytes at most", headers=headers
    )
