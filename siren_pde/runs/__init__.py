"""A run as a folder: what it holds, who may write to it, and how it is stopped and continued."""
