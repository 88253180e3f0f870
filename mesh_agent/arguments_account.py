"""What the verbs for one's own account take: sessions, devices, password, pushes; see `arguments`."""

from typing import Final

from mesh_agent.argument_kinds import Verb, arg, span
from mesh_agent.arguments_common import TIMEOUT
from protocol import limits

_PASSWORD: Final = arg(
    "--password-file",
    metavar="FILE",
    help="the file whose first line is the password; - is stdin; without it you are asked",
)

ACCOUNT: Final = (
    Verb(
        "register",
        "make an account and sign in",
        "mesh-agent --server https://chat.example.org register alice",
        (
            arg("username", metavar="NAME"),
            _PASSWORD,
            arg(
                "--invite",
                metavar="LINK",
                default="",
                help="an invite's link, or the code in it; I am in its room then",
            ),
        ),
    ),
    Verb(
        "login",
        "sign in",
        "mesh-agent --server https://chat.example.org login alice --password-file secret.txt",
        (arg("username", metavar="NAME"), _PASSWORD),
    ),
    Verb("logout", "sign out, and forget what was cached", "mesh-agent logout"),
    Verb("devices", "list the devices on which I am signed in", "mesh-agent devices --json"),
    Verb(
        "device sign-out",
        "end the session of a device",
        "mesh-agent device sign-out 01jd5f0q1d9b3e6j0pnd",
        (arg("device", metavar="DEVICE", help="its id, or its name where no other has it"),),
    ),
    Verb(
        "device sign-out-others",
        "end the sessions of all others, and revoke personal tokens",
        "mesh-agent device sign-out-others --ssh-keys remove",
        (
            arg(
                "--ssh-keys",
                metavar="HOW",
                required=True,
                choices=("keep", "remove"),
                help="keep, or remove: whether keys for ssh go on letting in",
            ),
        ),
    ),
    Verb(
        "presence",
        "be seen as online, away, busy or offline, until Ctrl+C",
        "mesh-agent presence away Back at two --for 1h",
        (
            arg("presence", metavar="STATE", choices=("online", "away", "busy", "offline")),
            arg("text", metavar="TEXT", nargs="*", help="a few words, which stay; '' takes them away"),
            arg("--for", metavar="TIME", dest="span", type=span(limits.INVITE_MAX_S), help="end by itself"),
            TIMEOUT,
        ),
    ),
)

OWN: Final = (
    Verb("account show", "show me as the server knows me", "mesh-agent account show --json"),
    Verb(
        "account name",
        "be shown by another name than the one that I sign in with",
        "mesh-agent account name Alice A.",
        (arg("text", metavar="NAME", nargs="+"),),
    ),
    Verb(
        "account receipts",
        "let others see how far I have read, where a room shows that, or not",
        "mesh-agent account receipts off",
        (arg("switch", metavar="HOW", choices=("on", "off")),),
    ),
    Verb(
        "account password",
        "change the password, and sign out every other device",
        "mesh-agent account password --password-file old.txt --new-password-file new.txt",
        (
            _PASSWORD,
            arg(
                "--new-password-file",
                metavar="FILE",
                help="as --password-file, for the new one; both -: the first two lines of stdin",
            ),
        ),
    ),
)

SSH_KEYS: Final = (
    Verb("account ssh-key list", "list the keys that let me in by ssh", "mesh-agent account ssh-key list"),
    Verb(
        "account ssh-key add",
        "come in by ssh with a key",
        "mesh-agent account ssh-key add ~/.ssh/id_ed25519.pub --name laptop",
        (
            arg("file", metavar="FILE", help="a .pub file, of which the first line counts; - is stdin"),
            arg("--name", default="", help="what to call it; by default what the file says"),
        ),
    ),
    Verb(
        "account ssh-key remove",
        "let nobody in by that key any more",
        "mesh-agent account ssh-key remove 01jd5fsshk0m8s4y2c7g",
        (arg("key", metavar="ID", help="its id, as account ssh-key list prints it"),),
    ),
)

_TARGET: Final = arg("target", metavar="ID", help="its id, as push list prints it")

PUSHES: Final = (
    Verb("push list", "list where pushes of mine go", "mesh-agent push list"),
    Verb(
        "push add",
        "have what is said while I am away pushed to a Gotify or ntfy server",
        "mesh-agent push add ntfy https://ntfy.example.org --topic mesh-alice-8f2k",
        (
            arg("kind", metavar="KIND", choices=("gotify", "ntfy"), help="gotify or ntfy"),
            arg("url", metavar="URL", help="of the push server"),
            arg("--topic", default="", help="for ntfy: one that nobody guesses"),
            arg(
                "--token-file",
                metavar="FILE",
                help="the file whose first line is the token of the application, or for access; - is stdin",
            ),
            arg("--name", default="", help="what to call it"),
            arg("--rooms", action="store_true", help="also what mentions nobody, in all my rooms"),
            arg("--no-mentions", action="store_true", help="not what mentions me"),
            arg("--no-dms", action="store_true", help="not what is said to me alone"),
            arg(
                "--with-text",
                action="store_true",
                help="with what was said, for the push server to read",
            ),
        ),
    ),
    Verb("push test", "send a push there now", "mesh-agent push test 01jd5fpush0m8s4y2c7g", (_TARGET,)),
    Verb("push remove", "no more pushes there", "mesh-agent push remove 01jd5fpush0m8s4y2c7g", (_TARGET,)),
)
