"""The policy report: the only room that writes `reports/`. One Markdown source becomes HTML, PDF and Word; the same tables become Excel."""
