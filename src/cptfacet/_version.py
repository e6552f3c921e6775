"""The version, which the build reads here; package metadata is not needed."""

__version__ = "0.1.0.dev0"
