"""The categoriser once more, post by post and word by word: slow and plain. What the fast one is held against."""
