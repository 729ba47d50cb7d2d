"""From partners' deliveries to the weekly briefing. The package does not know its orchestrator."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("worker-services")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
