"""The words that travel in every dossier, for whoever opens one when we are gone."""

README_TEXT = """\
This is the dossier of one therapy journey: its whole record, and what proves it.

To read it, open report.html in any browser; it needs nothing else, and prints.

To check it with Clew:      clew verify --dossier THIS-FILE --key KEY-THAT-YOU-TRUST
To check it without Clew (SHA-256 and Ed25519 are all that is needed):

1. manifest.txt is signed: its text, up to and with the line break before the empty line, by the key in the last line.
   The text lists the SHA-256 of every other file here. The same key, by its id, is in keys.txt.
2. checkpoint.txt is signed in the same way, with the same key or an older one. Its lines: the ledger's name, its size,
   the root of the Merkle tree over all its entries (base64), the time.
3. Each line of entries.jsonl and operations.jsonl is a JSON array: position, journey, number, type, occurred at,
   recorded at, actor, source, event id, data, hash of the entry before. The SHA-256 of the line as it stands, without
   its line break, is the entry's hash.
4. In entries.jsonl the numbers go from 1 without a gap, and each "hash of the entry before" is the hash of the line
   before; that of the first line is the SHA-256 of ["clew.ledger.1","THE-JOURNEY"].
5. proofs.json has the path of each entry, by position, to the root of checkpoint.txt, as RFC 9162 section 2.1.3.2
   says: the leaf is the SHA-256 of a zero byte and the 32 bytes of the hash; its number is position - 1.

What this shows: that the entries were on the ledger in this form when the checkpoint was signed.

What it does not show by itself: that the key is the ledger's (compare it with one that you got another way); that the
ledger was not signed anew as a whole (compare the checkpoint with one that you or a partner kept); that nothing was
recorded later; that operators did nothing else that concerns the journey; and that what people and systems told the
ledger was true.
"""
