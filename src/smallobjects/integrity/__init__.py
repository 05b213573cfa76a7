"""Is a file what was written? What each format offers to tell, for every reader of it.

Nothing here knows what a file is for: errors say what is wrong with the content, and the reader,
who knows it, adds the name and the remedy.
"""
