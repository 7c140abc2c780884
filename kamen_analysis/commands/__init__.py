"""What each command of `kamen` does, by room: `corridor` (posts to report), `evidence` (captures), `review` (human coding)."""
