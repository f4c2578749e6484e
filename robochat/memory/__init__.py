"""What is remembered of people beyond the moment: little, bounded, erasable, never a face.

Flow: `acquaintances` ties the people in view to those that are remembered and notes what happens;
`people` holds the records and answers the policy (`recall`); `keeper` brings them to disk in a
thread of its own, through `store` (SQLite) and `crypto`.
"""
