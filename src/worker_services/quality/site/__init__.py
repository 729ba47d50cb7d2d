"""The auditors' site: what every page of reports/quality/ has in common, and the pages that are about all nights."""
