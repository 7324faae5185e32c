"""Domains: where conditions hold."""
