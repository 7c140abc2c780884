"""A synthetic world of complaint posts with known truth, and the loopback board that shows it. Nothing in it is a real complaint.

`draw.world` draws it, `draw.tables` gives its truth as the project's own tables, `truth` the expected values in closed form,
`site.serve` the board. It proves the statistics and the plumbing, never the accuracy of the categoriser: its texts and the
rules that read them come from the same hands.
"""
