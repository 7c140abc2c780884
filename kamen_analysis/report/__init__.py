"""The policy report; nothing else writes `reports/`. One Markdown source becomes HTML, PDF and Word, the same tables become Excel."""
