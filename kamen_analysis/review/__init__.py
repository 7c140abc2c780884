"""The review room: coding samples out to people, their codes back in, agreement, gold."""
