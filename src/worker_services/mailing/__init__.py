"""The mail that carries a briefing: composed once for each recipient, kept in an outbox, never sent twice."""
