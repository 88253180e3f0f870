"""One example or more of each frame between two agents; the goldens are their bytes."""

from typing import Final

from protocol import peer, peer_terminal
from protocol.peer import Entry, Range, Written
from protocol.peer_terminal import BOLD, BRACKETED_PASTE, RGB, UNDERLINE_SHIFT, Changed, Cursor, Run, Watcher
from tests.protocol.examples import DEVICE, SESSION, SESSION_TOKEN

TRANSFER: Final = "q9Zt4cVb1nLx7KeR2mYw8J"
REQUEST: Final = "r1"
TERMINAL: Final = "k4WtZ0"
HASH: Final = bytes(range(32))
KEY: Final = bytes(range(64, 96))
SIGNATURE: Final = bytes(range(128, 192))
MTIME: Final = 1_732_095_000_123_456_789

PEER: Final[dict[str, peer.PeerFrame]] = {
    "P2P_HELLO": peer.P2pHello(
        version=1,
        session_id=SESSION,
        session_token=SESSION_TOKEN,
        device_id=DEVICE,
        identity=KEY,
        signature=SIGNATURE,
    ),
    "P2P_HELLO_OK": peer.P2pHelloOk(
        version=1, session_id=SESSION, device_id=DEVICE, identity=KEY, signature=SIGNATURE, lane_key=HASH
    ),
    "P2P_LANE": peer.P2pLane(session_id=SESSION, lane=1, proof=HASH),
    "P2P_LANE_OK": peer.P2pLaneOk(lane=1),
    "P2P_ERROR": peer.P2pError(code="peer.hash"),
    "P2P_ERROR, of a request": peer.P2pError(
        code="peer.not_shared", message="Nothing of that name is shared now.", request=REQUEST
    ),
    "P2P_CREDIT": peer.P2pCredit(limit=33_554_432),
    "P2P_CREDIT, with what was written": peer.P2pCredit(
        limit=37_748_736, written=[Written(TRANSFER, 0, 4), Written(TRANSFER, 6, 1)]
    ),
    "P2P_PING": peer.P2pPing(stamp=1),
    "P2P_PING, the answer": peer.P2pPing(stamp=1, answer=True),
    "FILE_META": peer.FileMeta(
        transfer=TRANSFER, name="holiday.mp4", size=734_003_200, mtime=MTIME, mode=0o644
    ),
    "FILE_META, a folder that was asked for": peer.FileMeta(
        transfer=TRANSFER,
        name="pictures",
        size=40_960_000,
        mtime=MTIME,
        mode=0o755,
        kind="folder",
        chunk_bytes=4_194_304,
        entries=10_000,
        request=REQUEST,
    ),
    "FOLDER_MANIFEST": peer.FolderManifest(
        transfer=TRANSFER,
        entries=[
            Entry("2024/a.jpg", "file", 4_096, MTIME, 0o644),
            Entry("2024/empty", "folder", 0, MTIME, 0o755),
        ],
    ),
    "FOLDER_MANIFEST, the last": peer.FolderManifest(
        transfer=TRANSFER, entries=[Entry("latest", "link", 0, MTIME, 0o777, "2024/a.jpg")], last=True
    ),
    "FILE_ACCEPT": peer.FileAccept(transfer=TRANSFER),
    "FILE_ACCEPT, resumed": peer.FileAccept(transfer=TRANSFER, have=[Range(0, 120), Range(125, 1)]),
    "FILE_DECLINE": peer.FileDecline(transfer=TRANSFER),
    "FILE_DECLINE, with a reason": peer.FileDecline(transfer=TRANSFER, reason="Not now."),
    "FILE_CHUNK": peer.FileChunk(transfer=TRANSFER, index=699, length=1_048_576, hash=HASH),
    "FILE_HOLE": peer.FileHole(transfer=TRANSFER, first=10, count=500),
    "FILE_FAULT": peer.FileFault(transfer=TRANSFER, entry=17),
    "FILE_FAULT, with a reason": peer.FileFault(transfer=TRANSFER, entry=17, reason="It vanished."),
    "FILE_DONE": peer.FileDone(transfer=TRANSFER, hash=HASH),
    "FILE_CANCEL": peer.FileCancel(transfer=TRANSFER),
    "FILE_CANCEL, for a reason": peer.FileCancel(
        transfer=TRANSFER, reason="The disk is full.", code="disk.full"
    ),
    "FILE_PAUSE": peer.FilePause(transfer=TRANSFER, paused=True),
    "FOLDER_LIST": peer.FolderList(request=REQUEST),
    "FOLDER_LIST, within": peer.FolderList(request=REQUEST, share="pictures", path="2024"),
    "FOLDER_LISTING": peer.FolderListing(
        request=REQUEST, entries=[Entry("a.jpg", "file", 4_096, MTIME, 0o644)]
    ),
    "FOLDER_LISTING, the last": peer.FolderListing(request=REQUEST, entries=[], last=True),
    "FOLDER_GET": peer.FolderGet(request=REQUEST, share="pictures"),
    "FOLDER_GET, within": peer.FolderGet(request=REQUEST, share="pictures", path="2024/a.jpg"),
    "TERM_OPEN": peer_terminal.TermOpen(columns=120, rows=40, terminal=TERMINAL),
    "TERM_OPEN, of the only one": peer_terminal.TermOpen(columns=80, rows=24),
    "TERM_OPENED": peer_terminal.TermOpened(terminal=TERMINAL, command="bash", columns=120, rows=40),
    "TERM_STATE": peer_terminal.TermState(number=1, base=0, columns=120, rows=40, cursor=Cursor(0, 0)),
    "TERM_STATE, two rows of which changed": peer_terminal.TermState(
        number=18,
        base=17,
        columns=120,
        rows=40,
        cursor=Cursor(14, 3, visible=False, shape=2),
        changed=[
            Changed(2, [Run("$ ", 3, 0, BOLD), Run("make", RGB | 0xA6E22E, 237, 1 << UNDERLINE_SHIFT)]),
            Changed(3, [Run("日本", width=2), Run("é", cluster=True)]),
        ],
        modes=BRACKETED_PASTE,
        title="make",
        above=212,
        kept=200,
        bells=1,
        echo=9,
        more=True,
    ),
    "TERM_ACK": peer_terminal.TermAck(number=18),
    "TERM_INPUT": peer_terminal.TermInput(data=b"ls\r"),
    "TERM_INPUT, numbered": peer_terminal.TermInput(data=b"\x1b[A", stamp=9),
    "TERM_RESIZE": peer_terminal.TermResize(columns=100, rows=30),
    "TERM_GRANT": peer_terminal.TermGrant(write=True),
    "TERM_GRANT, refused": peer_terminal.TermGrant(write=False, reason="Compare the safety words first."),
    "TERM_STATUS": peer_terminal.TermStatus(watchers=[Watcher("bob"), Watcher("alice", writes=True)]),
    "TERM_STATUS, while it is recorded": peer_terminal.TermStatus(watchers=[], recorded=True),
    "TERM_HISTORY": peer_terminal.TermHistory(request=REQUEST, first=12, count=2),
    "TERM_LINES": peer_terminal.TermLines(request=REQUEST, first=12, lines=[[Run("one")], []]),
    "TERM_CLOSE": peer_terminal.TermClose(),
    "TERM_CLOSE, as the program has ended": peer_terminal.TermClose(
        code="ended", reason="The program has ended.", exit_status=0
    ),
}
