"""Sixels, painted as a terminal paints them (DEC STD 070), by other means than those that made them."""

import re
from typing import Final

Colour = tuple[int, ...]

_TOKEN: Final = re.compile(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])")


def painted(body: str) -> tuple[tuple[int, int], dict[tuple[int, int], Colour]]:
    """Width and height as they are told, and the colour of each pixel, in hundredths."""
    head = re.match(r'"1;1;(\d+);(\d+)', body)
    assert head
    colours: dict[int, Colour] = {}
    pixels: dict[tuple[int, int], Colour] = {}
    x = y = colour = 0
    end = head.end()
    for token in _TOKEN.finditer(body, end):
        assert token.start() == end, body[end : end + 20]
        end = token.end()
        place, red, green, blue, count, repeated, one, move = token.groups()
        if move:
            x, y = 0, y + 6 * (move == "-")
        elif place:
            colour = int(place)
            if red:
                colours[colour] = (int(red), int(green), int(blue))
        else:
            bits, before = ord(repeated or one) - 63, x
            x += int(count or 1)
            rows = [y + row for row in range(6) if bits >> row & 1]
            pixels.update(((column, row), colours[colour]) for column in range(before, x) for row in rows)
    assert end == len(body)
    return (int(head[1]), int(head[2])), pixels
