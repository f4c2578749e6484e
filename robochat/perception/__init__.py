"""Seeing: faces, head poses, expressions, objects, place."""
