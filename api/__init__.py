"""Who may say it and what may be seen: HTTP routes, the inbox, the relay."""
