"""What to try, and the form in which a try is written down.

    catalog/*.toml -> model.Scenario -> (driven by loadtests) -> evidence

Scenarios are data: this package starts nothing, judges nothing and imports nothing of ours.
`evidence` is the only thing that loadtests, compliance and reports share.
"""
