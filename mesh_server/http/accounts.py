"""`/api/auth`"""

from mesh_server.http.services import Services
from mesh_server.services.principal import Principal
from protocol.queries import OthersQuery
from protocol.rest import (
    DeleteAccountRequest,
    Device,
    DeviceList,
    DeviceRequest,
    LoginRequest,
    PasswordRequest,
    PersonalToken,
    ProfileRequest,
    RefreshRequest,
    RegisterRequest,
    Session,
    SshKey,
    SshKeyList,
    SshKeyRequest,
    TokenList,
    TokenRequest,
    User,
)


async def register(services: Services, body: RegisterRequest, address: str) -> Session:
    return await services.accounts.register(body, address=address)


async def login(services: Services, body: LoginRequest, address: str) -> Session:
    return await services.accounts.login(body, address=address)


async def refresh(services: Services, body: RefreshRequest) -> Session:
    return await services.accounts.refresh(body)


async def logout(services: Services, who: Principal) -> None:
    await services.devices.logout(who)


async def get_me(services: Services, who: Principal) -> User:
    return await services.own_account.me(who)


async def patch_me(services: Services, who: Principal, body: ProfileRequest) -> User:
    return await services.own_account.set_profile(who, body)


async def delete_me(services: Services, who: Principal, body: DeleteAccountRequest) -> None:
    await services.own_account.delete(who, body)


async def password(services: Services, who: Principal, body: PasswordRequest) -> None:
    await services.own_account.change_password(who, body)


async def devices(services: Services, who: Principal) -> DeviceList:
    return DeviceList(devices=await services.devices.list_mine(who))


async def patch_device(services: Services, who: Principal, device_id: str, body: DeviceRequest) -> Device:
    return await services.devices.rename(who, device_id, body)


async def delete_device(services: Services, who: Principal, device_id: str) -> None:
    await services.devices.sign_out(who, device_id)


async def delete_other_devices(services: Services, who: Principal, query: OthersQuery) -> None:
    await services.devices.sign_out_others(who, ssh_keys=query.ssh_keys == "remove")


async def tokens(services: Services, who: Principal) -> TokenList:
    return TokenList(tokens=await services.tokens.list_mine(who))


async def create_token(services: Services, who: Principal, body: TokenRequest) -> PersonalToken:
    return await services.tokens.create(who, body)


async def delete_token(services: Services, who: Principal, token_id: str) -> None:
    await services.tokens.revoke(who, token_id)


async def ssh_keys(services: Services, who: Principal) -> SshKeyList:
    return SshKeyList(keys=await services.ssh_keys.list_mine(who))


async def add_ssh_key(services: Services, who: Principal, body: SshKeyRequest) -> SshKey:
    return await services.ssh_keys.add(who, body)


async def delete_ssh_key(services: Services, who: Principal, key_id: str) -> None:
    await services.ssh_keys.remove(who, key_id)
