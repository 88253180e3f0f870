"""`/api/search`"""

from mesh_server.http.services import Services
from mesh_server.services.principal import Principal
from protocol.queries import FindQuery
from protocol.rest import SearchPage


async def search(services: Services, who: Principal, query: FindQuery) -> SearchPage:
    return await services.search.find(
        who,
        query.q,
        room_id=query.room_id,
        author=query.author,
        before=query.before,
        after=query.after,
        cursor=query.cursor,
        limit=query.limit,
    )
