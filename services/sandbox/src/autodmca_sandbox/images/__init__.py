"""A host of pictures: works of the people of the story, copies of them, and other pictures."""
