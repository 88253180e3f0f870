"""`/api/auth`"""

from mesh_server.http.services import Services
from mesh_server.services.principal import Principal
from protocol.rest import (
    DeviceList,
    LoginRequest,
    PasswordRequest,
    ProfileRequest,
    RefreshRequest,
    RegisterRequest,
    Session,
    User,
)


async def register(services: Services, body: RegisterRequest, address: str) -> Session:
    return await services.accounts.register(body, address=address)


async def login(services: Services, body: LoginRequest, address: str) -> Session:
    return await services.accounts.login(body, address=address)


async def refresh(services: Services, body: RefreshRequest) -> Session:
    return await services.accounts.refresh(body)


async def logout(services: Services, who: Principal) -> None:
    await services.accounts.logout(who)


async def get_me(services: Services, who: Principal) -> User:
    return await services.accounts.me(who)


async def patch_me(services: Services, who: Principal, body: ProfileRequest) -> User:
    return await services.accounts.set_profile(who, body)


async def password(services: Services, who: Principal, body: PasswordRequest, address: str) -> None:
    await services.accounts.change_password(who, body, address=address)


async def devices(services: Services, who: Principal) -> DeviceList:
    return DeviceList(devices=await services.accounts.devices(who))


async def delete_device(services: Services, who: Principal, device_id: str) -> None:
    await services.accounts.delete_device(who, device_id)
