"""`/api/search`"""

from aiohttp import web

from mesh_server.http.bodies import answer, query_number
from mesh_server.http.services import SERVICES
from mesh_server.services.principal import Principal
from protocol import limits


async def search(request: web.Request, who: Principal) -> web.Response:
    query, limit = request.query, query_number(request, "limit")
    page = await request.app[SERVICES].search.find(
        who,
        query.get("q", ""),
        room_id=query.get("room_id"),
        author=query.get("from"),
        before=query.get("before"),
        after=query.get("after"),
        cursor=query_number(request, "cursor"),
        limit=limits.PAGE_DEFAULT if limit is None else limit,
    )
    return answer(page)
