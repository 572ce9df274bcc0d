"""API Gateway on one machine: a REST API whose methods call SQS, with no code of ours between.

    request -> throttle -> API key -> model -> request template -> SQS (Query protocol)
    answer  <- response template <- selection pattern <- status of SQS
                                       \\-> gateway responses: 429, 403, 413, 415, 400, 504, 500

The API is `emails.yaml` with one of `mappings/`, an OpenAPI document with AWS's extensions, which
CloudFormation deploys as it stands. Its templates are VTL, and rendered as such.

What is the same here as at AWS, with the page of the API Gateway Developer Guide:
- a token bucket, 10,000 requests a second with room for 5,000 (api-gateway-request-throttling);
- payloads up to 10 MB, integrations up to 29 s (limits);
- statuses of what API Gateway answers by itself, also 504 for an integration that cannot be reached
  (supported-gateway-response-types); their texts as seen in answers of AWS;
- the template is chosen by the Content-Type, by default application/json; under `never` any other
  is 415 (integration-passthrough-behaviors);
- a body is held against its model, which is JSON schema (api-gateway-method-request-validation);
- $input, $util and $context (api-gateway-mapping-template-reference), and overrides of the answer's
  status and headers (apigateway-override-request-response-parameters);
- selection patterns match the whole HTTP status; without a match the default counts, and without
  one it is 500; so is an answer with a status that the method does not declare
  (api-gateway-integration-settings-integration-response).

What no mapping can do, and the API does: refuse an address that is none, or a key that was another
email's (the worker parks the one, the queue absorbs the other), and hold SQS's digest against what
was sent.

Where AWS is silent we chose: names of headers in any case; of a header that comes twice, the last;
a JSONPath that finds nothing is an empty text; what is throttled is so before anything else is
looked at. Left out: authorizers, usage plans, caches, overrides of the request, stages' own
throttles, the 10,240 bytes of headers, and signatures, which the local SQS does not ask for.
"""
