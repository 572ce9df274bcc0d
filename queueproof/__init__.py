"""The front door: the command line. It wires the packages together and holds no logic of theirs.

suite   scenarios -> loadtests -> a run directory
entry   -> cli: arguments in; tables, JSON and exit codes out
"""
