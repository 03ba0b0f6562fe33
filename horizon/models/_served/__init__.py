"""What the backends that talk to servers share: requests, refusals, replies, and processes of their own."""
