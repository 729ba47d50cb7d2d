"""Simulated partner systems with synthetic people: real servers, known dirt, faults on demand. See README.md."""

from simulators.control import DEMO_INTERVALS, Partners, running

__all__ = ["DEMO_INTERVALS", "Partners", "running"]
