"""The record of who did what to which data."""
