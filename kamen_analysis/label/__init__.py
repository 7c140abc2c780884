"""Labels for posts: is it a complaint, of what, how did it end, and which refusal reasons did the other side give."""
