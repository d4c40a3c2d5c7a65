"""Where claims rest: the only room that opens the user's database."""
