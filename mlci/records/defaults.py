"""What a document means where it says nothing; times in seconds."""

PROGRESS_DEADLINE = 600.0  # a model that takes longer to load says so
SCALE_DOWN_DELAY = 600.0
PORT = 8080
STARTUP = 300.0
MIN_READY = 10.0
CONFIDENCE = 0.95
SOURCES = ("./",)
WAIVED_DAYS = 30
