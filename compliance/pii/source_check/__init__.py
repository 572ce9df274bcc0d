"""The source check."""

from compliance.pii.source_check.check import CheckReport, CheckSettings, Finding, check_source

__all__ = ["CheckReport", "CheckSettings", "Finding", "check_source"]
