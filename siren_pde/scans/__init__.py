"""From points to a signed distance: cleaning, fitting, refining, inspection."""
