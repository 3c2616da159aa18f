"""What packages bring, as gates see it: metrics that are resampled, and gates that are checked."""
