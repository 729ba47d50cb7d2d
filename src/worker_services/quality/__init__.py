"""Data quality: checks on batches and on the warehouse, and the report an auditor reads."""
