"""The kinds of job of this app. Each handler is safe to run twice."""
