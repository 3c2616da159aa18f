"""The hand and the eyes on Argo Rollouts: what stands in the cluster, and the few writes to it."""
