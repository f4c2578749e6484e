"""When to speak, measured: timelines, policies, play, score, report and plots."""
