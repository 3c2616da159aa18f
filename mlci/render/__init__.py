"""A release and its environment -> the Kubernetes objects that ask for it, byte for byte the same.

Pure: no clock, no network, no cluster, nothing of the commit. What a release is depends on the
release and on the environment's ``engine.argo`` alone.
"""
