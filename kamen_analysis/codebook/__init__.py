"""The codebook as data: refusal reasons, word classes and context devices in YAML, loaded through frozen models."""

from kamen_analysis.codebook.loader import Codebook, load

__all__ = ["Codebook", "load"]
