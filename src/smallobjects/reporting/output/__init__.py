"""Tables as text: LaTeX, the terminal, pages of HTML."""
