"""AWS on one machine: the services that the pipeline under test talks to.

Each one speaks its real protocol on a loopback port, so the pipeline is configured with an
endpoint URL and nothing else, and the same pipeline runs unchanged against AWS.
"""
