"""Lambda with an SQS trigger on one machine: the event source mapping and the function behind it.

    queue --long polls--> slots --batches--> function --one at a time--> environments
      ^                    | scaling: how many           (concurrency)     (OS processes)
      +--delete what is done; leave what is not; it reappears by itself

Slots are the mapping's pollers: each gathers a batch, has the function invoked with it and settles
it. Environments run the real handler; each logs to a stream of its own, as on AWS. `mapping.py`
(what can be configured), `scaling.py`, `batching.py`, `groups.py` and `settling.py` are pure and
run on any clock; `trigger.py` and `slots.py` are its threads; `source.py`, `function.py`,
`environment.py`, `runtime.py` (inside the process) and `log_stream.py` are the edge.

Facts: AWS Lambda Developer Guide, pages services-sqs-configure, -parameters, -scaling and
-errorhandling, and lambda-runtime-environment. Where AWS is silent, each module says what was
chosen. Not modelled: filter criteria, on-failure destinations, SnapStart, provisioned concurrency.

The journal (JSON Lines) has `at_s` and `event`:
  invoked    one a finished invocation: request_id, environment, is_cold, started_s, init_ms,
             duration_ms, billed_ms, memory_mb, memory_used_mb, messages, failed, error_type,
             outcome (ok, error, timeout, exit, init-error)
  throttled  an invocation that found no free concurrency: messages
  dropped    a batch given up, whose messages reappear: messages, reason (throttled,
             visibility-over)
  started, ended   an environment: environment, pid, reason (idle, timeout, exit, init-error, stop)
  scaled     the batches that may be in progress: limit, busy
  summary    the totals, once, at the end
"""
