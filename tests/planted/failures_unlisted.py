"""A Lambda function that lists no failure: it handles what goes wrong and answers "all done".

Lambda deletes the whole batch then, and what the provider had no time for is lost (no-loss). So
does a mapping without ReportBatchItemFailures whose function catches what it raises.
"""

import importlib
import sys

from reference.cloud.lambda_trigger.__main__ import main


def handler(event, context):
    # Its import is the init phase, and this module is the trigger's process, too.
    importlib.import_module("reference.worker.lambda_handler").handler(event, context)
    return {"batchItemFailures": []}


if __name__ == "__main__":
    place = sys.argv.index("--handler") + 1
    sys.argv[place] = "tests.planted.failures_unlisted:handler"
    sys.exit(main(sys.argv[1:]))
