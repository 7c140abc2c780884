"""What the walks for cue templates are handed: the templates, the stretches of a batch, and room to write down where they have been."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kamen_analysis.label.senses import Numbers
from kamen_analysis.label.text import Ints

Bits = npt.NDArray[np.uint64]
Keys = npt.NDArray[np.int64]


class Plan(NamedTuple):
    """All templates and their parts (tables, their columns as `chains` names them), and for each sense, by its row, its slots in bits."""

    templates: Ints
    parts: Ints
    bits: Bits


class Asked(NamedTuple):
    """The parts looked for, one a template, by the sense that fills them: those of row i from `first[i]` to `first[i + 1]`.

    `flat`: the part, then slots of the template that the sentence must be able to fill too, the rarest first.
    """

    first: Numbers
    flat: Numbers


class Stretches(NamedTuple):
    """Starts and ends (a table) of the stretches of a batch, kind after kind: those of kind i from `first[i]` to `first[i + 1]`."""

    first: Ints
    bounds: Ints


class Room(NamedTuple):
    """What walks write down: the words of a way, for each part words from which there is no way on, for each template the first word it may
    yet begin with, the stretch of each kind come to, and in bits the slots that can be filled: all of the sentence come to (one row),
    and of each sentence those of templates looked for only where it matters."""

    way: Keys
    vain: Keys
    begun: Keys
    here: Keys
    sign: Bits
    signs: Bits
