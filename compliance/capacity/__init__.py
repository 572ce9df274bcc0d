"""One trial of a rate, judged: did the service hold it, and what held it back?

    trial's folder -> figures -> objective (met, missed, not offered) + limit (quota, CPU, ...)

A capacity search (`loadtests.capacity`) asks this of each rate that it tries.
"""
