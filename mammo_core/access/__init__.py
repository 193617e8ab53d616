"""Who has signed in, what their role allows, and the record of what they did."""
