"""The agent where Argo delivers: it admits, judges, and has Git put right."""
