-- a comment

ATTACH 'other.db' AS other;