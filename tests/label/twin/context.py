"""Who says it, and is it asserted: the reach of each context device over a post (after ConText: direction, scope, terminators)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kamen_analysis.codebook.models import Device
from twin.cues import Found, Match, Span
from twin.text import Doc

NEAR = 1  # Words so close behind the opening of the other side's speech are certainly its own.
SHORT = 24  # Within so many characters a device between a cue's first and last word holds for the whole cue.


@dataclass(frozen=True)
class Region:
    """Where a device holds: offsets [start, end) of the text, the device, and the words that set it."""

    start: int
    end: int
    device: Device
    trigger: Span


class Reading:
    """The devices at work in one post: who speaks where, and what is denied, supposed, heard of or merely general."""

    def __init__(self, doc: Doc, devices: tuple[Device, ...], found: Found) -> None:
        self.doc, self.found = doc, found
        regions = [region for i, device in enumerate(devices) for match in found.get(("device", i), ())
                   for region in self._regions(device, i, (match.start, match.end))]
        self._speech = _in_turn(sorted((r for r in regions if r.device.kind == "speech"), key=lambda r: (r.start, r.trigger[0])))
        self._others = [r for r in regions if r.device.kind != "speech"]

    def _regions(self, device: Device, i: int, span: Span) -> list[Region]:
        low, high = self.doc.bounds(span[0], device.scope)
        # Quoted speech goes on to its closing mark, over the ends of sentences and of its reach.
        quoted = (self.doc.quote_end(span[1]) or 0) if device.kind == "speech" else 0
        out = []
        if device.direction in ("forward", "both"):
            stop = self._stop(i, max(span[1], quoted), max(min(high, span[1] + device.reach), quoted))
            out.append(Region(span[1], stop, device, span))
        if device.direction in ("backward", "both"):
            out.append(Region(max(low, span[0] - device.reach), span[0], device, span))
        return out

    def _stop(self, i: int, start: int, end: int) -> int:
        return min([end, *(m.start for m in self.found.get(("until", i), ()) if m.start >= start)])

    def speaker(self, at: int) -> str | None:
        """Return who is speaking at `at`: merchant, consumer, third, or None where the poster simply tells."""
        for region in reversed(self._speech):
            if region.start <= at < region.end:
                return region.device.who
        return None

    def stretches(self) -> Iterator[tuple[int, int, str]]:
        """Yield where each device holds: start, end, and who speaks there or else the kind of the device."""
        return ((r.start, r.end, r.device.who or r.device.kind) for r in (*self._speech, *self._others))

    def _put_in_my_mouth(self, at: int) -> bool:
        # 说是我看错了 is the other side's blame, not the consumer's admission.
        return any(r.device.who == "merchant" and 0 <= at - r.start <= NEAR for r in self._speech)

    def against(self, match: Match, immune: tuple[str, ...]) -> Region | None:
        """Return the device that takes the force from a cue, None when the cue stands."""
        for region in self._others:
            kind, trigger = region.device.kind, region.trigger
            # A word the cue itself is made of (没人接) is no denial of it; nor is what the other side supposes its own retreat.
            if kind in immune or any(_touch(trigger, part) for part in match.parts) and trigger[0] >= match.start:
                continue
            if kind in ("hypothesis", "general") and self.speaker(trigger[0]) == "merchant":
                continue
            if kind == "mistake" and self._put_in_my_mouth(trigger[0]):
                continue
            starts = [part[0] for part in match.parts] if kind == "denial" or match.end - match.start <= SHORT else [match.start]
            if any(region.start <= start < region.end for start in starts) or trigger[0] < match.start < trigger[1]:
                return region
        return None


def _touch(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _in_turn(regions: list[Region]) -> list[Region]:
    """Cut each speaker short where the next begins; openings that end at the same place: the longer one is the better read."""
    best: dict[int, Region] = {}
    for region in regions:
        if region.start not in best or region.trigger[0] < best[region.start].trigger[0]:
            best[region.start] = region
    return list(best.values())
