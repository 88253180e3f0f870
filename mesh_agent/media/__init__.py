"""What is heard and seen in a call: a process of its own with aiortc, codecs and devices."""
