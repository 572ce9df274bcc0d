"""CloudFormation for the reference on AWS: one template a configuration, made of shared parts.

    Deployment (what differs) -> queues, api | gateway, worker | function, ledger, watch -> template

Every part is a function that gives the resources of one thing, and what holds for all of them
stands in one place: encryption and transport in `queues`, least privilege in `access`, retention
and masking of logs in `logs`. What a template needs from outside is a parameter: the network, a
certificate, images, keys, who hears of alarms.

`queueproof template NAME` prints one; docs: README.md beside this file.
"""
