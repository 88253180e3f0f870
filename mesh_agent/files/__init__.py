"""Files and folders on this machine: what is sent is read, and what comes is written, safely."""
