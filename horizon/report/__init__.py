"""Tables, figures and the page: draws what horizon.analysis estimated and computes no statistics."""
