"""Whether a queue is set up as a compliance profile asks: encrypted, closed, and safe to fail.

    live (SQS, CloudWatch Logs)  \\
                                   Facts -> rules, against a Profile -> Finding, Unanswered
    template (CloudFormation)    /                                      -> report -> text, SARIF

The rules are pure: they see facts and a profile, never AWS. A fact that could not be found out is
an `Unknown` that says why, and a rule that needs it answers with it: what is not known has not
passed. Each rule names the page of AWS's documentation that it rests on.
"""
