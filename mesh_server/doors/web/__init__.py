"""The browser's door: `mesh-tui` in a page, behind a sign-in of Mesh's own.

modes.py      what a terminal was told to be, for one that comes later
origins.py    whether a request comes from our own pages, and how our cookie is set
wire.py       the packets between page and server, as textual-serve has them
browser.py    one page's line: what is sent waits for who reads slowly
visits.py     who is signed in here: one sign-in, one device, one program
assets.py     the files of the pages
pages.py      the pages
door.py       what is answered where
"""
