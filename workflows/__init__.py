"""What happens when: the Journey and its stages, and the pure rules that they carry. Imports schemas only."""
