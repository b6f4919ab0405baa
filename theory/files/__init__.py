"""Files from outside, hostile until checked, and files to the outside, written whole or not at all."""
