"""Log groups: kept for a month, and personal data masked should any ever get there.

Source: CloudWatch Logs User Guide, mask-sensitive-log-data.
"""

from reference.infra.words import Json, resource, sub

RETENTION_DAYS = 30
MASKED = ("EmailAddress", "Name", "Address")


def log_group(name: str) -> Json:
    """`name` as Fn::Sub takes it."""
    identifiers = [
        sub(f"arn:${{AWS::Partition}}:dataprotection::aws:data-identifier/{each}")
        for each in MASKED
    ]
    return resource(
        "Logs::LogGroup",
        {
            "LogGroupName": sub(name),
            "RetentionInDays": RETENTION_DAYS,
            "DataProtectionPolicy": {
                "Name": "mask-personal-data",
                "Version": "2021-06-01",
                "Statement": [
                    {
                        "Sid": "audit",
                        "DataIdentifier": identifiers,
                        "Operation": {"Audit": {"FindingsDestination": {}}},
                    },
                    {
                        "Sid": "mask",
                        "DataIdentifier": identifiers,
                        "Operation": {"Deidentify": {"MaskConfig": {}}},
                    },
                ],
            },
        },
    )
