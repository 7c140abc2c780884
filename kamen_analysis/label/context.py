"""Find where context devices hold: who says a thing, and whether it is asserted (after ConText: direction, scope, terminators)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.codebook.models import Device
from kamen_analysis.kernels import compiled, lean
from kamen_analysis.label.matches import Found, Matches
from kamen_analysis.label.text import STRIDE, Bools, Indexes, Ints, Texts

NEAR = 1  # Words so close behind the opening of the other side's speech are certainly its own.
# A cue at most so long loses its force to a device that holds for any of its parts, a longer one only if it holds for the first; a denial
# of any part always counts.
SHORT = 24
SPEAKERS = (None, "merchant", "consumer", "third")
KINDS = ("speech", "denial", "unsaid", "hypothesis", "hearsay", "general", "mistake", "pseudo")
_KIND_BITS = np.array([0, 4, 4, 8, 12, 12, 16, 16], np.uint8)  # Of `Reading.states`, whose two lowest bits tell the speaker.
_QUOTES = {"“": "”", "「": "」", "『": "』", "‘": "’", '"': '"', "'": "'", "【": "】"}
_OPENING, _QUOTED = 3, 200  # How far behind a device a quotation may open, and how far it may go.
_HEAD = 2  # As in chains.
_START, _END = range(2)  # As in senses.
_DENIAL = KINDS.index("denial")


class Regions(NamedTuple):
    """Stretches [start, end) where devices hold, the number of each device, and where its own words stand, [opening, close)."""

    start: Ints
    end: Ints
    device: Ints
    opening: Ints
    close: Ints

    def take(self, at: Indexes | Bools) -> Regions:
        """Return some of the regions."""
        return Regions(*(column[at] for column in self))


class Reading:
    """What the devices tell of a batch: who speaks where, and what is denied, supposed, hearsay or merely general.

    `regions`: where what is said loses its force; `states`: for each character the speaker and the kind of device, as the model reads it.
    """

    def __init__(self, texts: Texts, devices: tuple[Device, ...], found: Found) -> None:
        self.texts, self._found, self._closing = texts, found, dict[str, Ints]()
        kinds = np.array([KINDS.index(device.kind) for device in devices])
        who = np.array([SPEAKERS.index(device.who) for device in devices], np.uint8)
        rows = [row for i, device in enumerate(devices) if len((matches := found.get(("device", i))).start)
                for row in self._regions(device, i, matches)]
        every = Regions(*(np.concatenate(columns) for columns in zip(_nowhere(), *rows, strict=True)))
        speech, weak = _ordered(every.take(kinds[every.device] == 0)), every.take(kinds[every.device] > 0)
        self._voices = self._painted(speech, who)
        self.states = self._voices | self._painted(weak, _KIND_BITS[kinds])
        self.regions, self.kinds = self._weakening(weak, kinds, speech.start[who[speech.device] == 1]), kinds

    def _regions(self, device: Device, i: int, matches: Matches) -> Iterator[Regions]:
        first, last = matches.start, matches.end
        low, high = self.texts.bounds(first, device.scope)
        number = np.full(len(first), i, np.int32)
        if device.direction in ("forward", "both"):
            # Quoted speech goes on to its closing mark, over the ends of sentences and of its reach.
            quoted = self._quote_end(last) if device.kind == "speech" else np.zeros_like(last)
            stop = self._stop(i, np.maximum(last, quoted), np.maximum(np.minimum(high, last + device.reach), quoted))
            yield Regions(last, stop, number, first, last)
        if device.direction in ("backward", "both"):
            yield Regions(np.maximum(low, first - device.reach), first, number, first, last)

    def _stop(self, i: int, start: Ints, end: Ints) -> Ints:
        if not len(begins := self._found.get(("until", i)).start):
            return end
        until = np.append(begins, np.iinfo(np.int32).max)
        stop: Ints = np.minimum(end, until[np.searchsorted(until, start)]).astype(np.int32)
        return stop

    def _quote_end(self, at: Ints) -> Ints:
        """Return where the quotation ends that opens just behind each place; 0 where none opens or it does not end."""
        texts, out, open_ = self.texts, np.zeros_like(at), np.ones(len(at), np.bool_)
        post = texts.post(at)
        for step in range(_OPENING):
            index = np.minimum(at - post * STRIDE + step, len(texts.codes) - 1)
            mark = np.where(open_ & (at + step < texts.end[post]), texts.codes[index], 0)
            for opening, closing in _QUOTES.items():
                here = np.flatnonzero(mark == ord(opening))
                if len(here):
                    close = self._places(closing)
                    found = close[np.searchsorted(close, at[here] + step + 1)]
                    inside = (found < at[here] + step + _QUOTED) & (found < texts.end[post[here]])
                    out[here[inside]], open_[here] = found[inside], False
        return out

    def _places(self, mark: str) -> Ints:
        # The places of a closing mark, and a last one behind all.
        if mark not in self._closing:
            places = self.texts.at[np.flatnonzero(self.texts.codes == ord(mark))]
            self._closing[mark] = np.append(places, np.iinfo(np.int32).max).astype(np.int32)
        return self._closing[mark]

    def _painted(self, regions: Regions, colours: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        # For every character the colour of its region's device: of several regions that of the last, outside all of them 0.
        out = np.zeros(len(self.texts.codes), np.uint8)
        _paint(self.texts.indexes(regions.start), regions.end - regions.start, colours[regions.device], out)
        return out

    def _weakening(self, regions: Regions, kinds: Indexes, merchant: Ints) -> Regions:
        """Return the regions, post by post, that do take force: not what the other side supposes, nor a mistake it blames on the consumer.

        `merchant`: where speech of the other side starts.
        """
        kind = kinds[regions.device]
        supposed = (kind == KINDS.index("hypothesis")) | (kind == KINDS.index("general"))
        supposed[supposed] = self.speaker(regions.opening[supposed]) == 1
        # 说是我看错了 is the other side's blame, not the consumer's admission.
        blamed = (kind == KINDS.index("mistake")) & _any_between(merchant, regions.opening - NEAR, regions.opening + 1)
        kept = regions.take(~supposed & ~blamed)
        return kept.take(np.argsort(self.texts.post(kept.opening), kind="stable"))

    def speaker(self, at: Ints) -> npt.NDArray[np.uint8]:
        """Return who is speaking at each place: a number in SPEAKERS, 0 where the poster simply tells."""
        return self._voices[self.texts.indexes(at)]

    def against(self, matches: Matches, table: Ints, chains: Ints, immune: Bools) -> Ints:
        """Return the number of the first region that takes the force from each cue, -1 where it stands.

        `chains`: the matches as `chains` gives them, with words in `table`; `immune` (matches, KINDS): the kinds of device each cue is
        immune to.
        """
        out, regions = np.empty(len(matches.start), np.int32), self.regions
        home = self.texts.post(regions.opening)
        first = np.searchsorted(home, np.arange(len(self.texts) + 1)).astype(np.int32)
        _against(self.texts.post(matches.start), *matches, table, chains, immune, first, np.stack(regions, axis=1),
                 self.kinds[regions.device], out)
        return out


@lean
def _takes_force(cue: Ints, table: Ints, last: int, region: Ints, whole: bool) -> bool:
    # Whether a region takes the force from a cue that ends at `last`; `whole`: it does if it holds for any of the cue's parts.
    first, start, end, opening, close = table[_START, cue[_HEAD]], region[0], region[1], region[3], region[4]
    if not (opening < first < close or start < last and first < end):
        return False
    reached, own = start <= first < end or opening < first < close, False
    for k in range(_HEAD, len(cue)):
        part, past = table[_START, cue[k]], table[_END, cue[k]]
        reached |= whole and start <= part < end
        # A word the cue itself is made of (没人接) is no denial of it.
        own |= opening < past and part < close
    return reached and not (own and opening >= first)


@lean
def _against(post: Ints, start: Ints, end: Ints, table: Ints, chains: Ints, immune: Bools, first: Ints, regions: Ints, kinds: Indexes,
             out: Ints) -> None:
    # The first region that takes the force from each cue, or -1; those of post i from `first[i]` to `first[i + 1]`.
    for i in range(len(post)):
        out[i] = -1
        for k in range(first[post[i]], first[post[i] + 1]):
            whole = kinds[k] == _DENIAL or end[i] - start[i] <= SHORT
            if not immune[i, kinds[k]] and _takes_force(chains[i], table, end[i], regions[k], whole):
                out[i] = k
                break


@compiled
def _paint(first: Ints, length: Ints, colour: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8]) -> None:
    for i in range(len(first)):
        out[first[i]: first[i] + max(length[i], 0)] = colour[i]


def _nowhere() -> Regions:
    return Regions(*(np.zeros(0, np.int32) for _ in Regions._fields))


def _any_between(sorted_: Ints, low: Ints, high: Ints) -> Bools:
    return np.searchsorted(sorted_, high) > np.searchsorted(sorted_, low)


def _ordered(regions: Regions) -> Regions:
    """Return speech ordered by its start; where two openings end at the same place, only the one with the longer words is kept."""
    regions = regions.take(np.lexsort((regions.opening, regions.start)))
    return regions.take(np.unique(regions.start, return_index=True)[1])
