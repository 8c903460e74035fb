"""The prober in pods: which cluster, what is created there, what became of it, and that nothing stays behind."""

from __future__ import annotations

from typing import Any, Mapping

Object = Mapping[str, Any]
"""An object of Kubernetes, or an event of a watch, as JSON has it."""

ODD_SHAPES = (AttributeError, TypeError, KeyError, IndexError, ValueError)
"""What reading an object of another shape than Kubernetes' raises; it is no object of ours then."""
