"""Who is asking."""

from msgspec import Struct

from protocol.rest import UserRole


class Principal(Struct, frozen=True, kw_only=True):
    """One user on one of their devices, signed in; every service takes it as its first argument."""

    user_id: str
    username: str
    display_name: str
    role: UserRole
    device_id: str
