"""Files in object storage, on an SFTP server or a local disk: whole or not at all, in limited time, in plain errors."""
