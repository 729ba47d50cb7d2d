"""The weekly briefing: from the published marts to a PDF whose every figure can be traced back."""
