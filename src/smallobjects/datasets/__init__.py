"""Raw data of any layout in, one prepared format out."""
