"""What AWS asks for each unit of each service: data with a date and a source a row.

`prices.toml` holds the list, `table` reads it. What a run used is `compliance.usage`; what it
cost is `compliance.checks.cost`.
"""
