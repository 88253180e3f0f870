"""The process that decodes one picture of somebody else's, and is gone afterwards.

Strategy: a decoder is a large thing to let a stranger's bytes into, so it runs apart, with the file that its
parent has opened as its input and no other, a limit to its memory, its time and the number of pixels. What it
says is a line of sizes and then the colours; whatever else happens to it is a picture that cannot be shown.

    python -P -m mesh_tui.pictures.decoding WIDTH HEIGHT RRGGBB [sixels]
"""

import contextlib
import resource
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
PIXELS_MOST: Final = 64_000_000
MEMORY_BYTES: Final = 1024 * 1024 * 1024
CPU_S: Final = 10

ORIENTATION: Final = 0x0112
TURNED: Final = frozenset({5, 6, 7, 8})
"""As EXIF says that the camera was held: what is above is at a side."""


def main(across: int, down: int, background: str, form: str = "") -> None:
    """Writes `WIDTH HEIGHT columns pixel_rows\\n` and 3 bytes for each pixel, or sixels (see `encoding`).

    The picture fits into `across` times `down` pixels, an even number; its shape is kept, and what is
    transparent shows `background`.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    with contextlib.suppress(OSError, ValueError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = PIXELS_MOST
    with Image.open(sys.stdin.buffer, formats=FORMATS) as image:
        if image.width * image.height > PIXELS_MOST:
            raise Image.DecompressionBombError
        size = (across, down)
        original = image.size
        if image.getexif().get(ORIENTATION, 1) in TURNED:
            original = original[::-1]
        image.draft("RGB", size)
        whole = ImageOps.exif_transpose(image)
        shown = whole.convert("RGBA")
        shown.thumbnail(size, Image.Resampling.LANCZOS)
        width, height = shown.size
        paper = Image.new("RGBA", (width, height + height % 2), f"#{background}")
        paper.alpha_composite(shown)
    head = f"{original[0]} {original[1]} {paper.width} {paper.height}\n"
    whole = paper.convert("RGB")
    sys.stdout.buffer.write(head.encode() + (_sixels(whole) if form == "sixels" else whole.tobytes()))


def _sixels(image: "Image.Image") -> bytes:
    """With as many colours as there is room for; nothing where even few take too much."""
    from mesh_tui.pictures.encoding import BYTES_MOST, COLOURS, encode

    for colours in COLOURS:
        few = image.quantize(colours)
        said = encode(few.width, few.tobytes(), bytes(few.getpalette() or ()))
        if len(said) <= BYTES_MOST:
            return said
    return b""


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
