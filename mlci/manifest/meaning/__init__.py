"""What is wrong with what a document means, one file a part of a document.

Apart from the making of records: checking needs none of them, and to make their classes takes
longer than to check a release.
"""
