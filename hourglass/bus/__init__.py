"""The NATS edge. It carries bytes on subjects and knows no message.

Here live the port that everything else sees, the one real client and its in-memory twin. What the bytes mean is
`messages`' business.
"""
