"""Is a prepared dataset whole, and does all of it agree?"""
