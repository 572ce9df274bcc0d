"""The system under test: an email API, a FIFO queue, a worker and its providers.

    sender -> api -> SQS -> worker -> provider -> recipient

It knows nothing of the harness. Its processes write journals (JSON Lines) of what they did,
as any auditable service might; the formats are documented where they are written. Every
process can be replaced by another one that speaks the same HTTP, SQS or SMTP.
"""
