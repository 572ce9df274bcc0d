"""CloudFormation templates, read without running anything.

    file -> loading (text to plain values, with lines) -> intrinsics (Ref, Sub, If, ...)
         -> reading (queues, policies, log groups) -> Facts

What only AWS can know, such as a parameter without a default or another stack's export, becomes
Unknown and stays so.
"""
