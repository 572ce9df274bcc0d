"""The delivery ledger of workers on several machines: a DynamoDB table.

Its key and time to live are those that `EMAIL_WORKER_LEDGER=dynamodb:TABLE` asks for.
"""

from reference.infra.words import Resources, ref, resource, sub


def ledger() -> Resources:
    return {
        "Deliveries": resource(
            "DynamoDB::Table",
            {
                "AttributeDefinitions": [{"AttributeName": "email_id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "email_id", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
                "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
                "SSESpecification": {"SSEEnabled": True},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            },
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
        )
    }


# What the worker and the function are told alike.
CONSUMER_VARIABLES = {
    "EMAIL_WORKER_PROVIDERS": "ses",
    "EMAIL_WORKER_SENDER_DOMAIN": ref("SenderDomain"),
    "EMAIL_WORKER_REGION": ref("AWS::Region"),
    "EMAIL_WORKER_SES_ENDPOINT_URL": {
        "Fn::If": [
            "HasSesEndpoint",
            ref("SesEndpointUrl"),
            sub("https://email.${AWS::Region}.${AWS::URLSuffix}"),
        ]
    },
    "EMAIL_WORKER_LEDGER": {"Fn::Join": ["", ["dynamodb:", ref("Deliveries")]]},
}
