"""The web application: each page as HTML, its facts as JSON, files of artifacts."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import BinaryIO
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mlops_pipeline.errors import NotFoundError, PipelineError
from mlops_pipeline.ui.events import MOST_PAGES, Hints
from mlops_pipeline.ui.guard import Access, App, Guard, Scope
from mlops_pipeline.ui.openapi import describe_api
from mlops_pipeline.ui.render import STATIC, render
from mlops_pipeline.ui.views import (
    IMAGES,
    PAGES,
    SHOWN,
    Reader,
    find_artifact,
    kind_of,
    open_file,
    plain,
    read_card,
    read_page,
    split_address,
)

log = logging.getLogger(__name__)

ReadersOf = Callable[[], Reader]
"""Gives what pages are read from, as it is now."""

CHUNK = 262_144
"""Bytes of a file that are in memory at a time."""

FRAMED = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""Policy of a file of an artifact: it is shown as in a glass case, and runs nothing."""

_STATIC = re.compile(r"(built/)?[A-Za-z0-9_][A-Za-z0-9_.-]*\.(css|js)")
_KINDS = {"css": "text/css", "js": "text/javascript"}
_DIGEST = re.compile(r"built/.+-[A-Za-z0-9_-]{8}\.(css|js)")
"""Names of files whose content never changes, as it names them."""

_NEXT = re.compile(r"[a-z]*(\?[^\s\\<>\"]*)?")


def make_app(reader: ReadersOf, access: Access) -> App:
    """Return the application, guarded."""

    async def login(request: Request) -> Response:
        return await _login(request, access, guard)

    pages = [
        Route(f"/{prefix}{name}", functools.partial(answer, reader, name), name=f"{prefix}{name}")
        for name in PAGES
        for prefix, answer in (("", _html), ("api/", _api))
        if name or not prefix
    ]
    hints = Hints(functools.partial(_tag_of_page, reader))
    inner = Starlette(
        routes=[
            *pages,
            Route("/api/overview", functools.partial(_api, reader, "")),
            Route("/raw", functools.partial(_raw, reader)),
            Route("/card", functools.partial(_card, reader)),
            Route("/api/openapi.json", _description),
            Route("/events", functools.partial(_events, hints)),
            Route("/static/{name:path}", _static),
            Route("/login", login, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _on_http_error, Exception: _on_defect},
    )
    guard = Guard(inner, access, _problem)
    return guard


async def _html(reader: ReadersOf, name: str, request: Request) -> Response:
    """Answer with a page as HTML."""
    query = dict(request.query_params)
    try:
        data = await run_in_threadpool(lambda: _page(reader(), name, query))
    except PipelineError as error:
        return _problem(request.scope, _status(error), error.message, error.hint)
    return _tagged(request, data, "text/html; charset=utf-8")


def _page(reader: Reader, name: str, query: dict[str, str]) -> bytes:
    """Return a page as HTML."""
    kind, page = PAGES[name], read_page(reader, name, query)
    facts = {"page": page, "title": kind.title, "name": name, "query": query}
    live = bool(getattr(page, "live", False))
    return render(
        kind.template, up="", api=f"api/{name or 'overview'}", live=live, **facts
    ).encode()


def _tag_of_page(reader: ReadersOf, address: str) -> str:
    """Return the tag that a page would have now; empty if there is no such page any more."""
    try:
        return _tag(_page(reader(), *split_address(address)))
    except PipelineError:
        return ""


async def _events(hints: Hints, request: Request) -> Response:
    """Answer with hints for open pages, as they come."""
    pages = request.query_params.getlist("page")
    known = all(page.partition("?")[0] in PAGES for page in pages)
    if not pages or len(pages) > MOST_PAGES or not known:
        hint = f"name up to {MOST_PAGES} pages: events?page=ADDRESS"
        return _problem(request.scope, 400, "there are no such pages to follow", hint)
    if hints.full:
        # A browser that is told this asks for the pages instead.
        return Response(status_code=204)
    headers = {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}
    kind = "text/event-stream"
    return StreamingResponse(hints.stream(pages), headers=headers, media_type=kind)


async def _api(reader: ReadersOf, name: str, request: Request) -> Response:
    """Answer with the facts of a page as JSON."""
    query = dict(request.query_params)

    def made() -> bytes:
        return json.dumps(plain(read_page(reader(), name, query))).encode()

    try:
        data = await run_in_threadpool(made)
    except PipelineError as error:
        return _problem(request.scope, _status(error), error.message, error.hint)
    return _tagged(request, data, "application/json")


def _description(request: Request) -> Response:
    """Answer with the description of the JSON API."""
    return _tagged(request, json.dumps(describe_api()).encode(), "application/json")


def _raw(reader: ReadersOf, request: Request) -> Response:
    """Answer with a file of an artifact, as what can do no harm."""
    number, path = (request.query_params.get(name, "") for name in ("artifact", "path"))
    try:
        now = reader()
        record = find_artifact(now.store, number)
        file, size = open_file(now, record, path)
    except PipelineError as error:
        return _problem(request.scope, _status(error), error.message, error.hint)
    kind = kind_of(path or record.uri, file.read(SHOWN))
    file.seek(0)
    ending = PurePath(path or record.uri).suffix.lower()
    types = {"image": IMAGES.get(ending, ""), "text": "text/plain; charset=utf-8"}
    if kind == "page":
        types["page"] = "image/svg+xml" if ending == ".svg" else "text/html; charset=utf-8"
    headers = {
        "cache-control": "no-store",
        "content-length": str(size),
        "content-security-policy": FRAMED,
        "x-frame-options": "SAMEORIGIN",
    }
    if kind not in types or request.query_params.get("save"):
        name = re.sub(r"[^A-Za-z0-9._-]", "_", PurePath(path or record.uri).name)[-100:]
        headers["content-disposition"] = f'attachment; filename="{name or "file"}"'
    media = types.get(kind, "application/octet-stream")
    return StreamingResponse(_chunks(file, size), headers=headers, media_type=media)


def _card(reader: ReadersOf, request: Request) -> Response:
    """Answer with the card of a model, as a file."""
    try:
        text = read_card(reader(), request.query_params.get("id", "last"))
    except PipelineError as error:
        return _problem(request.scope, _status(error), error.message, error.hint)
    headers = {"content-disposition": 'attachment; filename="model-card.md"'}
    return Response(text, headers=headers, media_type="text/markdown; charset=utf-8")


def _chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield a file bit by bit, no more of it than was there when it was opened."""
    with file:
        while size > 0 and (part := file.read(min(size, CHUNK))):
            size -= len(part)
            yield part


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    match = _STATIC.fullmatch(name)
    file = STATIC / name if match else None
    if not match or file is None or not file.is_file():
        raise HTTPException(404)
    answer = _tagged(request, file.read_bytes(), _KINDS[match[2]])
    if _DIGEST.fullmatch(name):
        answer.headers["cache-control"] = "private, max-age=31536000, immutable"
    return answer


async def _login(request: Request, access: Access, guard: Guard) -> Response:
    """Answer to the form that asks for the token."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > 4_096:
            raise HTTPException(413)
    given = parse_qs(body.decode("latin-1"))
    page = given.get("next", [""])[0]
    if not access.knows(given.get("token", [""])[0].strip()):
        return _problem(request.scope, 401, "the token is not right", "copy it once more")
    return guard.let_in(page if page and _NEXT.fullmatch(page) else "./")


def _tagged(request: Request, data: bytes, media: str) -> Response:
    """Return an answer with a tag of its content, or that it is what the asker has already."""
    tag = f'"{_tag(data)}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=media)


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _status(error: PipelineError) -> int:
    return 404 if isinstance(error, NotFoundError) else 400


def _problem(scope: Scope, status: int, message: str, hint: str) -> Response:
    """Return an error: as a page, or in the API as RFC 9457 has it."""
    path = scope["path"].lstrip("/")
    headers = {"cache-control": "no-store"}
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="mlops ui"'
    if path.startswith("api/"):
        facts = {"type": "about:blank", "title": message, "status": status, "detail": hint}
        text = json.dumps(plain(facts))
        return Response(text, status, headers, media_type="application/problem+json")
    query = scope["query_string"].decode("latin-1")
    here = path if "/" not in path else ""
    then = f"{here}?{query}" if query else here
    page = render(
        "error.html",
        up="../" * path.count("/"),
        status=status,
        message=message,
        hint=hint,
        then=then if status == 401 and _NEXT.fullmatch(then) and "token=" not in then else "",
    )
    return Response(page, status, headers, media_type="text/html; charset=utf-8")


def _on_http_error(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    said = {404: "there is no such page", 405: "pages can only be read"}
    return _problem(request.scope, status, said.get(status, "the request is not understood"), "")


def _on_defect(request: Request, error: Exception) -> Response:
    log.error("a page failed: %s", request.url.path, exc_info=error)
    return _problem(
        request.scope,
        500,
        f"the page could not be made: {type(error).__name__}",
        "`mlops metadata fsck` tells if the store is damaged; if it is not, this is a defect of "
        "mlops-pipeline, and its traceback stands where `mlops ui` runs",
    )
