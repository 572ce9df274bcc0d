"""A module that cannot be imported, and says why."""

raise RuntimeError("the settings are wrong")
