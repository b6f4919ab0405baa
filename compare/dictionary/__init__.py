"""Dictionaries of tens of thousands of features: overlap statistics and overlap graphs in bounded memory."""
